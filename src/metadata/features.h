// Feature levels (KIP-584): what this version can work at, what a new cluster starts with, and what
// metadata.version means for the records that are written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cauce::metadata {

inline constexpr std::string_view kMetadataVersion = "metadata.version";
inline constexpr std::string_view kKraftVersion = "kraft.version";
inline constexpr std::string_view kElrVersion = "eligible.leader.replicas.version";

struct SupportedFeature {
    std::string_view name;
    std::int16_t min = 0;
    std::int16_t max = 0;
    // What a new cluster finalizes; 0: nothing.
    std::int16_t initial = 0;
    // The highest level that Apache Kafka 4.4 finalizes. A log that has it is opened: the level
    // stays as it is, and what it asks for beyond `max` has no effect until that broker comes back.
    std::int16_t kept = 0;
};

// In the order of their names. A feature stands here as far as it works: group.version 1 when the
// consumer protocol is served, transaction.version 2 when transactions are.
std::span<const SupportedFeature> supported_features();
// Null when the name is none of Kafka's features; a known one that does not work yet is 0 to 0.
const SupportedFeature* supported_feature(std::string_view name);

// What a new cluster finalizes, levels above 0 only; kraft.version is the quorum's own and not in.
std::map<std::string, std::int16_t, std::less<>> bootstrap_features();

// "4.4-IV2"; empty for a level that is no production level of 4.4 or before.
std::string_view metadata_version_name(std::int16_t level);
// Reads "4.4-IV2", or "4.4" for the newest of a release.
std::optional<std::int16_t> metadata_version_level(std::string_view name);

// Whether the form of the metadata differs between two levels of metadata.version, the lower one
// first: a way back across such a change would lose what only the newer form can say.
bool metadata_changed(std::int16_t from, std::int16_t to);

// The versions of records at a level of metadata.version.
class RecordVersions {
public:
    explicit RecordVersions(std::int16_t metadata_version) : level_(metadata_version) {}

    // RegisterBrokerRecord.
    std::int16_t register_broker() const {
        return level_ >= kCordoned ? 4 : level_ >= kDirectories ? 3 : level_ >= kMigration ? 2 : 1;
    }
    // PartitionRecord and PartitionChangeRecord.
    std::int16_t partition() const { return level_ >= kElr ? 2 : level_ >= kDirectories ? 1 : 0; }
    bool directories() const { return level_ >= kDirectories; }
    bool cordoned_directories() const { return level_ >= kCordoned; }
    bool elr() const { return level_ >= kElr; }
    bool register_controller() const { return level_ >= kControllerRegistration; }
    bool transactions() const { return level_ >= kTransactions; }

    static constexpr std::int16_t kElr = 23;  // 4.0-IV1, KIP-966

private:
    static constexpr std::int16_t kMigration = 8;                // 3.4-IV0
    static constexpr std::int16_t kTransactions = 13;            // 3.6-IV1
    static constexpr std::int16_t kControllerRegistration = 15;  // 3.7-IV0
    static constexpr std::int16_t kDirectories = 17;             // 3.7-IV2, KIP-858
    static constexpr std::int16_t kCordoned = 30;                // 4.3-IV0, KIP-1066

    std::int16_t level_;
};

}  // namespace cauce::metadata
