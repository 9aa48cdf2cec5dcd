#include "cli/doctor/directory.h"

#include "cli/arguments.h"
#include "metadata/config_keys.h"
#include "storage/small_file.h"
#include "storage/space_stage.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cauce::cli {
namespace {

using runtime::Task;

constexpr std::string_view kCheck = "data-directory";

Finding finding(Severity severity, std::string says, std::string place, std::string change) {
    return {severity, std::string(kCheck), std::move(says), std::move(place), std::move(change)};
}

std::string format_command(const ServerSetup& setup) {
    return "cauce storage format --standalone -t $(cauce storage random-uuid) -c " + setup.source;
}

// What keeps a file from being made in `folder`; nothing when one can be.
std::optional<IoError> write_error(runtime::Disk& disk, const std::string& folder) {
    const std::string path = folder + "/.cauce-doctor";
    const auto made = disk.open(path, runtime::OpenMode::create);
    if (!made) return made.error();
    const auto removed = disk.remove(path);
    if (!removed) return removed.error();
    return std::nullopt;
}

std::string way_out(const IoError& error, const std::string& folder) {
    switch (error.number) {
        case EACCES:
        case EPERM:
            return "chown -R USER " + folder + " for the user who runs the broker, or another path";
        case EROFS:
            return "mount it for writing, or write another path";
        case ENOSPC:
        case EDQUOT:
            return "make room there, or write another path";
        default:
            return "write a path that is, or can become, a directory";
    }
}

// A directory beside the one with the metadata log is taken as new when it is empty.
bool formatted_at_start(const ServerSetup& setup, const std::string& folder) {
    return setup.formats_itself || folder != setup.metadata_directory;
}

// The data directory is not there: whether it could be made.
Finding missing(runtime::Disk& disk, const ServerSetup& setup, const std::string& folder,
                const std::string& place) {
    std::string above = folder;
    while (above.size() > 1 && !disk.exists(above))
        above.resize(std::max<std::size_t>(above.rfind('/'), 1));
    if (const auto error = write_error(disk, above))
        return finding(Severity::error,
                       folder + " is not there and cannot be made: " + above + ": " +
                           std::strerror(error->number),
                       place, way_out(*error, above));
    if (formatted_at_start(setup, folder))
        return finding(Severity::ok, folder + " will be made and formatted", {}, {});
    return finding(Severity::error, folder + " is not formatted", place, format_command(setup));
}

void compare(Findings& findings, const ServerSetup& setup, const std::string& folder,
             const storage::MetaProperties& meta, const std::string& meta_path) {
    if (meta.node_id && *meta.node_id != setup.node)
        findings.push_back(
            {Severity::error, "node-id",
             "the data in " + folder + " is of node " + std::to_string(meta.node_id->value) + " (" +
                 meta_path + "), the configuration is of node " + std::to_string(setup.node.value),
             place_of(setup, {"node.id", "broker.id"}),
             "node.id=" + std::to_string(meta.node_id->value) +
                 ", or another directory in log.dirs"});
    if (folder == setup.metadata_directory && !setup.cluster_id.empty() &&
        setup.cluster_id != meta.cluster_id)
        findings.push_back(
            {Severity::warning, "cluster-id",
             "the data in " + folder + " is of cluster " + meta.cluster_id + " (" + meta_path +
                 ") and stays so: CLUSTER_ID is " + setup.cluster_id,
             "CLUSTER_ID",
             "CLUSTER_ID=" + meta.cluster_id + ", or an empty directory for the other cluster"});
}

storage::SpaceLimits space_limits(const ServerSetup& setup) {
    return storage::read_space_limits([&setup](std::string_view name) {
        const auto given = setup.keys.find(std::string(name));
        const auto* key = metadata::find_config_key(metadata::ConfigScope::broker, name);
        const std::string_view text =
            given != setup.keys.end() ? given->second.value : key->default_value.value_or("0");
        return whole_number<std::uint64_t>(text).value_or(0);
    });
}

// As the broker judges it when it starts.
Finding room(runtime::Disk& disk, const ServerSetup& setup, const std::string& folder,
             const std::string& place) {
    const std::string check = "disk-space";
    const auto space = disk.space(folder);
    if (!space) return {Severity::note, check, space.error().to_string(), place, {}};
    const storage::SpaceLimits limits = space_limits(setup);
    const std::string says = folder + " has " + storage::size_text(space->free_bytes) + " free";
    switch (judge_space(*space, limits, storage::SpaceStage::ample)) {
        case storage::SpaceStage::ample:
            break;
        case storage::SpaceStage::scarce:
            return {Severity::warning, check,
                    says + ", and producers are slowed down below " +
                        storage::size_text(limits.throttle_below(space->total_bytes)) +
                        " (cauce.disk.free.throttle.bytes)",
                    place, "make room, lower retention, or write a path on a larger disk"};
        case storage::SpaceStage::full:
            return {Severity::error, check,
                    says + ", and records are refused below " +
                        storage::size_text(limits.refuse_below(space->total_bytes)) +
                        " (cauce.disk.free.refuse.bytes)",
                    place, "make room, lower retention, or write a path on a larger disk"};
    }
    return {Severity::ok, check, says, {}, {}};
}

Task<DirectoryFindings> examine_one(runtime::Disk& disk, const ServerSetup& setup,
                                    std::string folder) {
    DirectoryFindings out;
    const std::string place = place_of(setup, {"log.dirs", "log.dir"});
    const auto listed = disk.list(folder);
    if (!listed && listed.error().number == ENOENT) {
        out.findings.push_back(missing(disk, setup, folder, place));
        co_return out;
    }
    if (!listed) {
        const bool is_file = listed.error().number == ENOTDIR;
        out.findings.push_back(finding(
            Severity::error,
            folder +
                (is_file ? " is no directory"
                         : std::string(" cannot be read: ") + std::strerror(listed.error().number)),
            place, way_out(listed.error(), folder)));
        co_return out;
    }
    if (const auto error = write_error(disk, folder))
        out.findings.push_back(finding(
            Severity::error, folder + " cannot be written to: " + std::strerror(error->number),
            place, way_out(*error, folder)));
    out.findings.push_back(room(disk, setup, folder, place));

    const std::string meta_path = folder + "/meta.properties";
    const auto text = co_await storage::read_file(disk, meta_path);
    if (!text || !*text) {
        const bool absent = text || text.error().number == ENOENT;
        if (!absent)
            out.findings.push_back(finding(Severity::error, text.error().to_string(), meta_path,
                                           way_out(text.error(), folder)));
        else if (formatted_at_start(setup, folder))
            out.findings.push_back(finding(Severity::ok, folder + " will be formatted", {}, {}));
        else
            out.findings.push_back(finding(Severity::error, folder + " is not formatted", place,
                                           format_command(setup)));
        co_return out;
    }
    auto meta = storage::MetaProperties::parse(as_text(**text), meta_path);
    if (!meta) {
        out.findings.push_back(
            finding(Severity::error, "what it says cannot be understood: " + meta.error().subject,
                    meta_path, "bring it back from a copy; it names the cluster and the node"));
        co_return out;
    }
    compare(out.findings, setup, folder, *meta, meta_path);
    if (!has_errors(out.findings))
        out.findings.push_back(finding(
            Severity::ok, folder + " is formatted for cluster " + meta->cluster_id, {}, {}));
    out.meta = *std::move(meta);
    co_return out;
}

}  // namespace

Task<DirectoryFindings> examine_directories(runtime::Disk& disk, const ServerSetup& setup) {
    DirectoryFindings out;
    std::optional<storage::MetaProperties> first;
    for (const std::string& folder : setup.log_directories) {
        DirectoryFindings one = co_await examine_one(disk, setup, folder);
        append(out.findings, std::move(one.findings));
        if (!one.meta) continue;
        if (first && first->cluster_id != one.meta->cluster_id)
            out.findings.push_back({Severity::error, "cluster-id",
                                    folder + " is of cluster " + one.meta->cluster_id +
                                        ", the directories before it of " + first->cluster_id,
                                    place_of(setup, {"log.dirs", "log.dir"}),
                                    "name directories of one cluster only"});
        if (!first) first = one.meta;
        if (folder == setup.metadata_directory) out.meta = std::move(one.meta);
    }
    co_return out;
}

}  // namespace cauce::cli
