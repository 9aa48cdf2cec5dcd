#include "quorum/format.h"

#include "metadata/config_keys.h"
#include "metadata/features.h"
#include "metadata/record_list.h"
#include "quorum/snapshot_file.h"
#include "storage/log_directory.h"
#include "storage/make_folders.h"
#include "storage/small_file.h"
#include "wire/messages/feature_level_record.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace cauce::quorum {

namespace {

using runtime::Task;

constexpr std::string_view kMetaProperties = "meta.properties";

std::unexpected<Error> refused(std::string text) {
    return fail(ErrorCode::invalid_config, std::move(text));
}

// A directory's id, whose low half is the engine's name of this voter and so never 0
// (docs/architecture.md).
Uuid new_directory_id(runtime::Random& random) {
    Uuid id = random.uuid();
    while (id.low == 0)
        id = random.uuid();
    return id;
}

// The first snapshot of a cluster: who votes, and the levels its features start at.
Task<IoResult<void>> write_first_snapshot(runtime::Disk& disk, std::string folder,
                                          std::int16_t kraft_version, std::vector<Voter> voters,
                                          std::map<std::string, std::int16_t> features,
                                          WallTime now) {
    auto writer = SnapshotWriter::create(disk, std::move(folder), SnapshotId(), now);
    if (!writer) co_return std::unexpected(writer.error());
    CO_RETURN_IF_ERROR(writer->add_header(now, kraft_version, voters));
    // metadata.version first: it says how to read what follows.
    metadata::RecordList records;
    const auto add = [&](const std::string& name, std::int16_t level) {
        wire::FeatureLevelRecord record;
        record.name = name;
        record.feature_level = level;
        records.add(record);
    };
    const std::string first(metadata::kMetadataVersion);
    if (features.contains(first)) add(first, features.at(first));
    for (const auto& [name, level] : features) {
        if (name != first && level > 0) add(name, level);
    }
    CO_RETURN_IF_ERROR(writer->add(records));
    co_return co_await writer->finish();
}

std::unexpected<Error> storage_error(const IoError& error) {
    return fail(ErrorCode::kafka_storage_error, error.to_string());
}

}  // namespace

std::map<std::string, std::int16_t> bootstrap_features() {
    std::map<std::string, std::int16_t> features;
    for (const auto& [name, level] : metadata::bootstrap_features())
        features.emplace(name, level);
    return features;
}

Result<std::vector<Voter>> parse_initial_controllers(const std::string& text,
                                                     const std::string& listener) {
    std::vector<Voter> voters;
    for (const std::string& entry : metadata::config_list(text)) {
        // ID@HOST:PORT:DIRECTORY; the host may hold colons when it is in brackets.
        const auto bad = [&] {
            return refused(
                "\"" + entry +
                "\" is no controller: write id@host:port:directory-id, as in 1@localhost:9093:" +
                Uuid{1, 1}.to_string());
        };
        const std::size_t at = entry.find('@');
        const std::size_t directory = entry.rfind(':');
        if (at == std::string::npos || directory == std::string::npos || directory < at)
            return bad();
        const std::size_t port = entry.rfind(':', directory - 1);
        if (port == std::string::npos || port < at) return bad();
        Voter voter;
        const auto id = std::from_chars(entry.data(), entry.data() + at, voter.id.value);
        const auto uuid = Uuid::parse(entry.substr(directory + 1));
        VoterEndpoint endpoint;
        endpoint.listener = listener;
        endpoint.host = entry.substr(at + 1, port - at - 1);
        if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']'))
            endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
        const auto number =
            std::from_chars(entry.data() + port + 1, entry.data() + directory, endpoint.port);
        const bool whole = id.ptr == entry.data() + at && number.ptr == entry.data() + directory;
        const bool fits = id.ec == std::errc() && number.ec == std::errc();
        if (!whole || !fits || !uuid || endpoint.host.empty() || voter.id.value < 0) return bad();
        voter.directory_id = *uuid;
        for (const Voter& other : voters) {
            if (other.id == voter.id || other.directory_id == voter.directory_id)
                return refused("\"" + entry + "\" has the id or the directory of another one");
        }
        voter.endpoints.push_back(std::move(endpoint));
        voters.push_back(std::move(voter));
    }
    if (voters.empty()) return refused("--initial-controllers names no controller");
    return voters;
}

std::vector<std::string> to_lines(const std::vector<DirectoryFormat>& directories) {
    using Status = DirectoryFormat::Status;
    std::vector<std::string> lines;
    for (const DirectoryFormat& one : directories) {
        const std::string rest = one.directory + " with metadata.version " + one.metadata_version;
        if (one.status == Status::formatted)
            lines.push_back("Formatting " + one.role + " directory " + rest + ".");
        if (one.status == Status::would_format) lines.push_back("Would format " + rest + ".");
    }
    if (lines.empty()) lines.emplace_back("All of the log directories are already formatted.");
    return lines;
}

Task<Result<std::vector<DirectoryFormat>>> format(runtime::Disk& disk, runtime::Random& random,
                                                  FormatOptions options) {
    using Status = DirectoryFormat::Status;
    if (options.cluster_id.empty())
        co_return refused("the cluster id is missing; make one with: cauce storage random-uuid");
    if (options.directories.empty()) co_return refused("log.dirs names no directory");
    const std::string metadata_directory = options.metadata_directory.empty()
                                               ? options.directories.front()
                                               : options.metadata_directory;

    // All checks before anything is written.
    const auto features = options.features.empty() ? bootstrap_features() : options.features;
    const auto level = features.find(std::string(metadata::kMetadataVersion));
    const std::string version(
        level == features.end() ? "" : metadata::metadata_version_name(level->second));
    std::vector<DirectoryFormat> all;
    for (const std::string& directory : options.directories) {
        const auto meta =
            co_await storage::read_file(disk, directory + "/" + std::string(kMetaProperties));
        if (!meta && meta.error().number != ENOENT) co_return storage_error(meta.error());
        DirectoryFormat& one = all.emplace_back();
        one.directory = directory;
        if (!meta || !*meta) {
            one.status = options.dry_run ? Status::would_format : Status::formatted;
            one.cluster_id = options.cluster_id;
            one.metadata_version = version;
        } else if (!options.ignore_formatted) {
            co_return fail(ErrorCode::duplicate_resource,
                           "Log directory " + directory +
                               " is already formatted. Use --ignore-formatted to ignore this "
                               "directory and format the others.");
        } else {
            one.status = Status::already_formatted;
            const auto properties = storage::MetaProperties::parse(as_text(**meta), directory);
            if (!properties) continue;
            if (properties->cluster_id != options.cluster_id) {
                co_return fail(ErrorCode::inconsistent_cluster_id,
                               "Log directory " + directory + " belongs to cluster " +
                                   properties->cluster_id + ", not to " + options.cluster_id);
            }
            one.cluster_id = properties->cluster_id;
        }
    }

    for (DirectoryFormat& one : all) {
        if (one.status != Status::formatted) continue;
        const std::string& directory = one.directory;
        if (const auto made = co_await storage::make_folders(disk, directory); !made)
            co_return storage_error(made.error());
        storage::MetaProperties meta;
        meta.cluster_id = options.cluster_id;
        meta.node_id = options.node;
        meta.directory_id = new_directory_id(random);
        one.role = "data";
        if (directory == metadata_directory && !options.is_controller) one.role = "metadata";
        if (directory == metadata_directory && options.is_controller) {
            std::vector<Voter> voters = options.voters;
            one.role = "metadata";
            if (options.initial == InitialVoters::standalone) {
                Voter self;
                self.id = options.node;
                self.directory_id = *meta.directory_id;
                self.endpoints = options.controller_endpoints;
                voters = {std::move(self)};
                one.role = "dynamic metadata voter";
            } else if (options.initial == InitialVoters::given) {
                // This node's own entry says which directory id it has to have.
                const auto own = std::ranges::find(voters, options.node, &Voter::id);
                one.role = own == voters.end() ? "dynamic metadata" : "dynamic metadata voter";
                if (own != voters.end()) meta.directory_id = own->directory_id;
            }
            const std::string folder = directory + "/" + std::string(kMetadataFolder);
            if (const auto made = co_await storage::make_folders(disk, folder); !made)
                co_return storage_error(made.error());
            const std::int16_t kraft_version =
                options.initial == InitialVoters::static_quorum ? 0 : 1;
            const auto written = co_await write_first_snapshot(
                disk, folder, kraft_version, std::move(voters), features, options.now);
            if (!written) co_return storage_error(written.error());
        }
        // Last: a directory counts as formatted from here on.
        const auto written =
            co_await storage::replace_file(disk, directory, std::string(kMetaProperties),
                                           meta.to_text(std::to_string(options.now.ms)));
        if (!written) co_return storage_error(written.error());
    }
    co_return all;
}

}  // namespace cauce::quorum
