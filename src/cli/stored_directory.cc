#include "cli/stored_directory.h"

#include "metadata/features.h"
#include "storage/batch_scanner.h"
#include "storage/segment_files.h"
#include "storage/small_file.h"
#include "wire/messages/access_control_entry_record.h"
#include "wire/messages/client_quota_record.h"
#include "wire/messages/consumer_group_metadata_key.h"
#include "wire/messages/delegation_token_record.h"
#include "wire/messages/share_group_metadata_key.h"
#include "wire/messages/streams_group_metadata_key.h"
#include "wire/messages/user_scram_credential_record.h"
#include "wire/reader.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace cauce::cli {
namespace {

using runtime::Task;

constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
// Topics of coordinators that this version does not run.
constexpr std::string_view kTransactionTopic = "__transaction_state";
constexpr std::string_view kShareTopic = "__share_group_state";
// What one batch may become when it is uncompressed.
constexpr std::size_t kRecordsBytesMax = 128 * 1024 * 1024;

struct Carried {
    std::int16_t type;
    std::string_view what;
    std::string_view effect;
};
constexpr std::string_view kOpensBroker =
    "not enforced: opened with --ignore-security only, kept then";
constexpr Carried kCarried[] = {
    {wire::AccessControlEntryRecord::kRecordType, "ACLs", kOpensBroker},
    {wire::UserScramCredentialRecord::kRecordType, "SCRAM credentials", kOpensBroker},
    {wire::DelegationTokenRecord::kRecordType, "delegation tokens", kOpensBroker},
    {wire::ClientQuotaRecord::kRecordType, "client quotas", "not enforced, kept"},
};

struct OtherGroups {
    std::int16_t key;
    std::string_view what;
};
constexpr OtherGroups kOtherGroups[] = {
    {wire::ConsumerGroupMetadataKey::kRecordType, "consumer groups (KIP-848)"},
    {wire::ShareGroupMetadataKey::kRecordType, "share groups (KIP-932)"},
    {wire::StreamsGroupMetadataKey::kRecordType, "streams groups (KIP-1071)"},
};

// The ids of groups of other protocols, by their main record's type.
using GroupIds = std::map<std::int16_t, std::set<std::string, std::less<>>>;

void take_group_record(const wire::Record& record, GroupIds& groups) {
    if (!record.key) return;
    wire::Reader reader(*record.key);
    const std::int16_t type = reader.int16();
    if (!reader.ok() ||
        std::ranges::find(kOtherGroups, type, &OtherGroups::key) == std::end(kOtherGroups))
        return;
    const std::string_view id = reader.string(false, "group_id");
    if (!reader.ok()) return;
    if (record.value) {
        groups[type].emplace(id);
    } else if (const auto at = groups[type].find(id); at != groups[type].end()) {
        groups[type].erase(at);
    }
}

// All segments of one partition, in order. A batch that cannot be read ends its segment: what is
// damaged is for `verify` to say.
Task<IoResult<void>> read_groups(runtime::Disk& disk, std::string folder, GroupIds& groups) {
    const auto entries = disk.list(folder);
    if (!entries) co_return std::unexpected(entries.error());
    std::vector<Offset> bases;
    for (const runtime::DirectoryEntry& entry : *entries) {
        if (const auto base = storage::offset_in_name(entry.name, storage::kLogSuffix))
            bases.push_back(*base);
    }
    std::ranges::sort(bases);
    for (const Offset base : bases) {
        const std::string path = storage::segment_file(folder, base, storage::kLogSuffix);
        ASSIGN_OR_CO_RETURN(std::shared_ptr<runtime::File> file,
                            disk.open(path, runtime::OpenMode::read));
        ASSIGN_OR_CO_RETURN(const std::uint64_t size, file->size());
        storage::BatchScanner scanner(std::move(file), 0, size);
        while (true) {
            const auto scanned = co_await scanner.next_whole();
            if (!scanned) co_return std::unexpected(scanned.error());
            if (!*scanned) break;
            const auto batch = wire::parse_batch(scanner.bytes());
            if (!batch || batch->is_control()) continue;
            Buffer storage;
            const auto records = wire::records_of(*batch, kRecordsBytesMax, storage);
            if (!records) continue;
            wire::RecordIterator iterator(*batch, *records);
            for (wire::Record record; iterator.next(record);)
                take_group_record(record, groups);
        }
    }
    co_return IoResult<void>{};
}

std::string voters_text(const std::vector<quorum::Voter>& voters) {
    std::string text;
    for (const quorum::Voter& voter : voters) {
        text += (text.empty() ? "" : ", ") + std::to_string(voter.id.value);
        if (!voter.directory_id.is_zero())
            text += " (directory " + voter.directory_id.to_string() + ")";
    }
    return text;
}

}  // namespace

std::string StoredDirectory::refusal() const {
    if (!metadata_damage.empty()) return "its metadata is damaged: " + metadata_damage;
    if (!metadata)
        return "it has no metadata log: that is in another directory (metadata.log.dir), or the "
               "node "
               "that wrote it had not the controller role";
    if (metadata->voters.empty() && metadata->kraft_version > 0)
        return "it was formatted without voters, to join a quorum that runs already";
    const NodeId self = meta.node_id.value_or(NodeId{-1});
    const auto is_self = [&](const quorum::Voter& voter) {
        return voter.id == self && (voter.directory_id.is_zero() || !meta.directory_id ||
                                    voter.directory_id == *meta.directory_id);
    };
    if (!metadata->voters.empty() &&
        (metadata->voters.size() > 1 || !is_self(metadata->voters.front())))
        return "its voters are " + voters_text(metadata->voters) +
               "; this version runs quorums of one voter";
    if (const auto& unknown = metadata->image->unknown_records(); !unknown.empty())
        return "it holds records of a newer version: " + unknown.begin()->first;
    for (const auto& [name, level] : metadata->image->features()) {
        const metadata::SupportedFeature* feature = metadata::supported_feature(name);
        if (feature == nullptr || level > feature->kept)
            return name + " is at level " + std::to_string(level) + ", of a newer version";
    }
    for (const Carried& carried : kCarried) {
        if (carried.effect == kOpensBroker && metadata->image->carried_count(carried.type) > 0)
            return "it holds " + std::string(carried.what) +
                   ", which this version does not enforce; --ignore-security opens it all the same";
    }
    return {};
}

Task<Expected<StoredDirectory>> read_stored_directory(runtime::Disk& disk, std::string path) {
    const auto cannot = [&path](const IoError& error) {
        return problem(exit_error, "the directory " + path + " cannot be read", error.to_string(),
                       "name a log directory that you may read");
    };
    StoredDirectory found;
    found.path = path;
    const std::string meta_path = path + "/meta.properties";
    const auto meta = co_await storage::read_file(disk, meta_path);
    if (!meta) co_return cannot(meta.error());
    if (!*meta)
        co_return problem(exit_not_found, path + " is no log directory",
                          "there is no meta.properties in it",
                          "name one of log.dirs; `cauce storage format` makes one");
    auto properties = storage::MetaProperties::parse(as_text(**meta), meta_path);
    if (!properties) co_return cannot(properties.error());
    found.meta = *std::move(properties);
    if (disk.exists(path + "/.lock")) {
        const auto lock = disk.lock(path + "/.lock");
        found.in_use = !lock && lock.error().number == EWOULDBLOCK;
    }
    const auto clean = co_await storage::read_clean_shutdown(disk, path);
    if (!clean) co_return cannot(clean.error());
    found.clean = *clean;
    auto metadata = co_await quorum::read_metadata_folder(
        disk, path + "/" + std::string(quorum::kMetadataFolder));
    if (metadata) {
        found.metadata = *std::move(metadata);
    } else {
        found.metadata_damage = metadata.error().to_string();
    }
    const auto entries = disk.list(path);
    if (!entries) co_return cannot(entries.error());
    for (const runtime::DirectoryEntry& entry : *entries) {
        if (!entry.is_directory) continue;
        if (auto folder = storage::PartitionFolder::parse(entry.name))
            found.partitions.push_back(std::move(*folder));
    }
    std::ranges::sort(found.partitions, {}, [](const storage::PartitionFolder& folder) {
        return std::tuple(folder.partition.topic, folder.partition.partition, folder.name);
    });
    co_return found;
}

Task<IoResult<std::vector<KeptData>>> kept_data(runtime::Disk& disk,
                                                const StoredDirectory& directory) {
    std::vector<KeptData> kept;
    if (directory.metadata) {
        const metadata::Image& image = *directory.metadata->image;
        for (const auto& [name, level] : image.features()) {
            const metadata::SupportedFeature* feature = metadata::supported_feature(name);
            const int served = feature == nullptr ? 0 : feature->max;
            if (level > served)
                kept.push_back({name + " at level " + std::to_string(level), 1,
                                served == 0 ? "not served, kept"
                                            : "served as level " + std::to_string(served)});
        }
        for (const Carried& carried : kCarried) {
            const auto count = static_cast<std::int64_t>(image.carried_count(carried.type));
            if (count > 0)
                kept.push_back({std::string(carried.what), count, std::string(carried.effect)});
        }
        for (const auto& [what, count] : image.unknown_records())
            kept.push_back({what, count, "of a newer version: refused"});
    }
    GroupIds groups;
    std::map<std::string, std::int64_t> topics;
    for (const storage::PartitionFolder& folder : directory.partitions) {
        if (folder.kind != storage::PartitionFolder::Kind::current) continue;
        const std::string& topic = folder.partition.topic;
        if (topic == kOffsetsTopic)
            CO_RETURN_IF_ERROR(
                co_await read_groups(disk, directory.path + "/" + folder.name, groups));
        if (topic == kTransactionTopic || topic == kShareTopic) ++topics[topic];
    }
    for (const OtherGroups& other : kOtherGroups) {
        const auto count = static_cast<std::int64_t>(groups[other.key].size());
        if (count > 0)
            kept.push_back({std::string(other.what), count,
                            "not served; their ids are refused to classic groups, kept"});
    }
    for (const auto& [topic, count] : topics)
        kept.push_back({"partitions of " + topic, count, "no coordinator runs on them, kept"});
    co_return kept;
}

}  // namespace cauce::cli
