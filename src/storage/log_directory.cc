#include "storage/log_directory.h"

#include "base/check.h"
#include "base/mutant.h"
#include "storage/checkpoint_text.h"
#include "storage/small_file.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

namespace cauce::storage {
namespace {

constexpr std::string_view kMetaFile = "meta.properties";
constexpr std::string_view kCleanShutdownFile = ".kafka_cleanshutdown";
constexpr std::string_view kLockFile = ".lock";
constexpr std::size_t kNameMax = 255;

std::string_view file_of(Checkpoint which) {
    switch (which) {
        case Checkpoint::recovery_point:
            return "recovery-point-offset-checkpoint";
        case Checkpoint::log_start:
            return "log-start-offset-checkpoint";
        case Checkpoint::high_watermark:
            return "replication-offset-checkpoint";
        case Checkpoint::cleaner:
            return "cleaner-offset-checkpoint";
    }
    CHECK(false, static_cast<int>(which));
}

std::string_view suffix_of(PartitionFolder::Kind kind) {
    switch (kind) {
        case PartitionFolder::Kind::current:
            return "";
        case PartitionFolder::Kind::deleted:
            return "-delete";
        case PartitionFolder::Kind::future:
            return "-future";
        case PartitionFolder::Kind::stray:
            return "-stray";
    }
    CHECK(false, static_cast<int>(kind));
}

// "topic-12": the number is what follows the last dash.
std::optional<TopicPartition> parse_topic_partition(std::string_view name) {
    const std::size_t dash = name.find_last_of('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    const std::string_view digits = name.substr(dash + 1);
    const auto partition = parse_number<std::int32_t>(digits);
    // No sign and no leading zeros: the name must be the one we would give.
    if (!partition || std::to_string(*partition) != digits || *partition < 0) return std::nullopt;
    return TopicPartition{std::string(name.substr(0, dash)), *partition};
}

// Java's properties files, as far as such a file uses them: lines `key=value` (or `:`, or a blank),
// comments with # or !, a backslash before any character.
std::map<std::string, std::string> parse_properties(std::string_view text) {
    std::map<std::string, std::string> result;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of("\r\n");
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || line[begin] == '#' || line[begin] == '!') continue;
        line.remove_prefix(begin);
        std::string key;
        std::string value;
        std::string* into = &key;
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (line[i] == '\\' && i + 1 < line.size()) {
                *into += line[++i];
            } else if (into == &key && (line[i] == '=' || line[i] == ':')) {
                into = &value;
            } else if (line[i] != ' ' && line[i] != '\t') {
                *into += line[i];
            } else if (into == &value && !value.empty()) {
                value += line[i];
            }
        }
        result[key] = value;
    }
    return result;
}

std::string escaped(std::string_view value) {
    std::string result;
    for (const char c : value) {
        if (c == '=' || c == ':' || c == '#' || c == '!' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

// "Tue Nov 14 22:13:20 UTC 2023", as Java's Date prints itself.
std::string java_date(WallTime time) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto since = std::chrono::sys_time<milliseconds>(milliseconds(time.ms));
    const auto day = std::chrono::floor<std::chrono::days>(since);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(since - day));
    char text[64];
    std::snprintf(text, sizeof text, "%s %s %02u %02d:%02d:%02d UTC %d",
                  kDays[std::chrono::weekday(day).c_encoding()],
                  kMonths[static_cast<unsigned>(date.month()) - 1],
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(date.year()));
    return text;
}

std::unexpected<IoError> bad_meta(std::string_view path, std::string_view reason) {
    return io_fail(EINVAL, "read", std::string(path) + " (" + std::string(reason) + ")");
}

}  // namespace

std::string MetaProperties::to_text(std::string_view written) const {
    std::string text = "#\n#" + std::string(written) + "\n";
    if (!cluster_id.empty()) text += "cluster.id=" + escaped(cluster_id) + "\n";
    if (directory_id) text += "directory.id=" + directory_id->to_string() + "\n";
    if (node_id) text += "node.id=" + std::to_string(node_id->value) + "\n";
    return text + "version=1\n";
}

IoResult<MetaProperties> MetaProperties::parse(std::string_view text, std::string_view path) {
    auto properties = parse_properties(text);
    const std::string version = properties.contains("version") ? properties["version"] : "0";
    if (version != "0" && version != "1") return bad_meta(path, "unknown version " + version);
    MetaProperties meta;
    meta.cluster_id = properties["cluster.id"];
    const std::string& node = properties[version == "0" ? "broker.id" : "node.id"];
    if (!node.empty()) {
        const auto id = parse_number<std::int32_t>(node);
        if (!id) return bad_meta(path, "the node id is no number: " + node);
        meta.node_id = NodeId{*id};
    } else if (version == "1") {
        return bad_meta(path, "node.id is missing");
    }
    if (version == "1" && meta.cluster_id.empty()) return bad_meta(path, "cluster.id is missing");
    if (const std::string& directory = properties["directory.id"]; !directory.empty()) {
        meta.directory_id = Uuid::parse(directory);
        if (!meta.directory_id) return bad_meta(path, "directory.id is no id: " + directory);
    }
    return meta;
}

std::optional<PartitionFolder> PartitionFolder::parse(std::string_view name) {
    for (const Kind kind : {Kind::deleted, Kind::future, Kind::stray}) {
        const std::string_view suffix = suffix_of(kind);
        if (!name.ends_with(suffix)) continue;
        // topic-N.<32 hex digits>-delete; the topic may hold dots itself.
        std::string_view rest = name.substr(0, name.size() - suffix.size());
        const std::size_t dot = rest.find_last_of('.');
        if (dot == std::string_view::npos) continue;
        const auto partition = parse_topic_partition(rest.substr(0, dot));
        if (partition) return PartitionFolder{std::string(name), *partition, kind};
    }
    const auto partition = parse_topic_partition(name);
    if (!partition) return std::nullopt;
    return PartitionFolder{std::string(name), *partition, Kind::current};
}

std::string folder_name(const TopicPartition& partition, PartitionFolder::Kind kind,
                        const Uuid& unique) {
    if (kind == PartitionFolder::Kind::current) return partition.to_string();
    char hex[33];
    std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(unique.high),
                  static_cast<unsigned long long>(unique.low));
    const std::string suffix =
        "-" + std::to_string(partition.partition) + "." + hex + std::string(suffix_of(kind));
    return partition.topic.substr(0, kNameMax - suffix.size()) + suffix;
}

std::string offsets_to_text(const OffsetMap& entries) {
    std::string text = checkpoint_head(entries.size());
    for (const auto& [partition, offset] : entries)
        text += partition.topic + " " + std::to_string(partition.partition) + " " +
                std::to_string(offset.value) + "\n";
    return text;
}

std::optional<OffsetMap> parse_offsets(std::string_view text) {
    const auto lines = checkpoint_lines(text);
    if (!lines) return std::nullopt;
    OffsetMap entries;
    for (const auto& fields : *lines) {
        if (fields.size() != 3) return std::nullopt;
        const auto partition = parse_number<std::int32_t>(fields[1]);
        const auto offset = parse_number<std::int64_t>(fields[2]);
        if (!partition || !offset) return std::nullopt;
        entries[{std::string(fields[0]), *partition}] = Offset{*offset};
    }
    return entries;
}

std::string topic_id_to_text(TopicId id) {
    return "version: 0\ntopic_id: " + id.to_string();
}

std::optional<TopicId> parse_topic_id(std::string_view text) {
    constexpr std::string_view kVersion = "version: 0";
    constexpr std::string_view kId = "topic_id: ";
    if (!text.starts_with(kVersion)) return std::nullopt;
    text.remove_prefix(kVersion.size());
    const std::size_t line = text.find_first_not_of("\r\n");
    if (line == std::string_view::npos || line == 0) return std::nullopt;
    text.remove_prefix(line);
    if (!text.starts_with(kId)) return std::nullopt;
    text.remove_prefix(kId.size());
    const auto id = Uuid::parse(text.substr(0, text.find_first_of("\r\n")));
    if (!id || id->is_zero()) return std::nullopt;
    return id;
}

LogDirectory::LogDirectory(runtime::Disk& disk, std::string path,
                           std::unique_ptr<runtime::File> lock)
    : disk_(disk), path_(std::move(path)), lock_(std::move(lock)) {}

IoResult<std::unique_ptr<LogDirectory>> LogDirectory::open(runtime::Disk& disk, std::string path) {
    RETURN_IF_ERROR(disk.make_folder(path));
    ASSIGN_OR_RETURN(auto lock, disk.lock(path + "/" + std::string(kLockFile)));
    return std::unique_ptr<LogDirectory>(new LogDirectory(disk, std::move(path), std::move(lock)));
}

runtime::Task<IoResult<std::optional<MetaProperties>>> LogDirectory::read_meta() {
    const std::string path = path_ + "/" + std::string(kMetaFile);
    auto bytes = co_await read_file(disk_, path);
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    if (!*bytes) co_return std::optional<MetaProperties>();
    auto meta = MetaProperties::parse(as_text(**bytes), path);
    if (!meta) co_return std::unexpected(std::move(meta).error());
    co_return std::optional<MetaProperties>(std::move(*meta));
}

runtime::Task<IoResult<void>> LogDirectory::write_meta(MetaProperties meta, WallTime now) {
    const std::string written = java_date(now);
    const std::string text = meta.to_text(written);
    co_return co_await replace_file(disk_, path_, std::string(kMetaFile), text);
}

runtime::Task<IoResult<std::optional<CleanShutdown>>> read_clean_shutdown(runtime::Disk& disk,
                                                                          std::string path) {
    const auto bytes = co_await read_file(disk, path + "/" + std::string(kCleanShutdownFile));
    if (!bytes) co_return std::unexpected(bytes.error());
    if (!*bytes) co_return std::optional<CleanShutdown>();
    // {"version":0,"brokerEpoch":12}: a file whose number cannot be made out still says that the
    // stop was clean.
    CleanShutdown clean;
    constexpr std::string_view kEpoch = "\"brokerEpoch\":";
    const std::string_view text = as_text(**bytes);
    if (const std::size_t at = text.find(kEpoch); at != std::string_view::npos) {
        std::string_view number = text.substr(at + kEpoch.size());
        number = number.substr(0, number.find_first_not_of("-0123456789"));
        clean.broker_epoch = parse_number<std::int64_t>(number);
    }
    co_return std::optional<CleanShutdown>(clean);
}

runtime::Task<IoResult<std::optional<CleanShutdown>>> LogDirectory::take_clean_shutdown() {
    const auto clean = co_await read_clean_shutdown(disk_, path_);
    if (!clean || !*clean || CAUCE_MUTANT("clean-mark-kept")) co_return clean;
    CO_RETURN_IF_ERROR(disk_.remove(path_ + "/" + std::string(kCleanShutdownFile)));
    auto synced = co_await disk_.sync_folder(path_);
    if (!synced) co_return std::unexpected(std::move(synced).error());
    co_return clean;
}

runtime::Task<IoResult<void>> LogDirectory::write_clean_shutdown(std::int64_t broker_epoch) {
    const std::string text = R"({"version":0,"brokerEpoch":)" + std::to_string(broker_epoch) + "}";
    co_return co_await replace_file(disk_, path_, std::string(kCleanShutdownFile), text);
}

runtime::Task<IoResult<LogDirectory::Offsets>> LogDirectory::read_checkpoint(Checkpoint which) {
    auto bytes = co_await read_file(disk_, path_ + "/" + std::string(file_of(which)));
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    Offsets result;
    // Kafka makes the file empty first and writes it later.
    if (!*bytes || (*bytes)->empty()) co_return result;
    if (auto entries = parse_offsets(as_text(**bytes)))
        result.entries = std::move(*entries);
    else
        result.damaged = true;
    co_return result;
}

runtime::Task<IoResult<void>> LogDirectory::write_checkpoint(Checkpoint which, OffsetMap entries) {
    const std::string text = offsets_to_text(entries);
    co_return co_await replace_file(disk_, path_, std::string(file_of(which)), text);
}

IoResult<LogDirectory::Folders> LogDirectory::list() const {
    ASSIGN_OR_RETURN(const auto entries, disk_.list(path_));
    Folders folders;
    for (const auto& entry : entries) {
        if (!entry.is_directory) continue;
        if (auto partition = PartitionFolder::parse(entry.name))
            folders.partitions.push_back(std::move(*partition));
        else
            folders.unknown.push_back(entry.name);
    }
    return folders;
}

runtime::Task<IoResult<std::optional<TopicId>>> LogDirectory::read_topic_id(std::string folder) {
    auto bytes = co_await read_file(disk_, path_ + "/" + folder + "/partition.metadata");
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    if (!*bytes) co_return std::optional<TopicId>();
    co_return parse_topic_id(as_text(**bytes));
}

}  // namespace cauce::storage
