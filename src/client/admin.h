// Questions to a cluster and changes of it, as plain calls. Results own their texts.
//
// The outer Result is about the call: nobody answered, or the answer was refused as a whole. What
// happened to each topic, partition or group stands in the items.
#pragma once

#include "base/error_code.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "client/cluster.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::client {

// --- topics

struct NewTopic {
    std::string name;
    std::int32_t partitions = -1;  // -1: the broker's default
    std::int16_t replicas = -1;
    // The brokers of each partition, instead of the two numbers; empty: the cluster chooses.
    std::vector<std::vector<std::int32_t>> assignment;
    std::vector<std::pair<std::string, std::string>> configs;
};

struct TopicOutcome {
    std::string name;
    Error error{ErrorCode::none, {}};
    TopicId id;
    std::int32_t partitions = -1;  // what it got; -1 when the broker does not say
    std::int16_t replicas = -1;

    bool ok() const { return error.code == ErrorCode::none; }
};

// Not tried again after a connection broke: it may have been carried out.
runtime::Task<Result<std::vector<TopicOutcome>>> create_topics(Cluster& cluster,
                                                               std::vector<NewTopic> topics,
                                                               bool validate_only,
                                                               MonoTime deadline);
runtime::Task<Result<std::vector<TopicOutcome>>> delete_topics(Cluster& cluster,
                                                               std::vector<std::string> names,
                                                               MonoTime deadline);

// The brokers of each new partition, by topic; where there is nothing the cluster chooses.
using NewReplicas = std::map<std::string, std::vector<std::vector<std::int32_t>>>;
// Raises topics to so many partitions each. Not tried again after a connection broke.
runtime::Task<Result<std::vector<TopicOutcome>>> create_partitions(
    Cluster& cluster, std::vector<std::pair<std::string, std::int32_t>> counts, bool validate_only,
    MonoTime deadline, NewReplicas replicas = {});

// Replicas beside the in-sync ones that may become leaders, and those that could last (KIP-966);
// nothing where the cluster keeps no account of them.
struct EligibleReplicas {
    std::optional<std::vector<std::int32_t>> leaders;
    std::optional<std::vector<std::int32_t>> last_known;
};
using TopicReplicas = std::map<std::int32_t, EligibleReplicas>;  // by partition
// Asks for pages of `page` partitions. Nothing of topics that are not there, and nothing at all
// when the broker does not tell.
runtime::Task<Result<std::map<std::string, TopicReplicas>>> describe_replicas(
    Cluster& cluster, std::vector<std::string> topics, std::int32_t page, MonoTime deadline);

// --- configuration

// Kafka's numbers for what a configuration belongs to, and for where a value comes from.
enum class ConfigResource : std::int8_t {
    topic = 2,
    broker = 4,
    broker_logger = 8,
    client_metrics = 16,
    group = 32,
};
enum class ConfigSource : std::int8_t {
    unknown = -1,
    topic = 1,
    dynamic_broker = 2,
    dynamic_default_broker = 3,
    static_broker = 4,
    default_value = 5,
    dynamic_broker_logger = 6,
    client_metrics = 7,
    group = 8,
};
// "topic", "broker", "default" ...
std::string_view config_source_name(ConfigSource source);

struct ConfigSynonym {
    std::string name;
    std::optional<std::string> value;
    ConfigSource source = ConfigSource::unknown;
};

struct ConfigEntry {
    std::string name;
    std::optional<std::string> value;  // nothing: null, or hidden because it is sensitive
    ConfigSource source = ConfigSource::unknown;
    bool is_read_only = false;
    bool is_sensitive = false;
    // Every place that gives it a value, the one in force first.
    std::vector<ConfigSynonym> synonyms;
};
// By name. A broker's are asked of that broker; broker "" is what was set for all of them.
runtime::Task<Result<std::vector<ConfigEntry>>> describe_config(Cluster& cluster,
                                                                ConfigResource resource,
                                                                std::string name,
                                                                MonoTime deadline);

// Of several topics at once, by their names.
runtime::Task<Result<std::map<std::string, Result<std::vector<ConfigEntry>>>>>
describe_topic_configs(Cluster& cluster, std::vector<std::string> names, MonoTime deadline);

// The names of resources of a kind that have settings.
runtime::Task<Result<std::vector<std::string>>> list_config_resources(Cluster& cluster,
                                                                      ConfigResource resource,
                                                                      MonoTime deadline);

// Kafka's numbers.
enum class ConfigOperation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };
struct ConfigChange {
    std::string name;
    ConfigOperation operation = ConfigOperation::set;
    std::optional<std::string> value;  // nothing to remove it
};
struct ConfigAlteration {
    ConfigResource resource = ConfigResource::topic;
    std::string name;
    std::vector<ConfigChange> changes;
};
struct ConfigOutcome {
    ConfigResource resource = ConfigResource::topic;
    std::string name;
    Error error{ErrorCode::none, {}};

    bool ok() const { return error.code == ErrorCode::none; }
};
// Changes single keys; each resource is changed as a whole or not at all.
runtime::Task<Result<std::vector<ConfigOutcome>>> alter_configs(
    Cluster& cluster, std::vector<ConfigAlteration> alterations, bool validate_only,
    MonoTime deadline);

// --- offsets

// Questions that ListOffsets answers instead of a timestamp.
inline constexpr std::int64_t kLatestOffset = -1;
inline constexpr std::int64_t kEarliestOffset = -2;

struct FoundOffset {
    Error error{ErrorCode::none, {}};
    std::int64_t offset = -1;  // -1: no record is as young as that
    std::int64_t timestamp = -1;
    LeaderEpoch leader_epoch;
};
// One answer for each partition asked about. Goes after moved leaders until the deadline; a
// partition that stays without an answer has its error.
runtime::Task<Result<std::map<TopicPartition, FoundOffset>>> list_offsets(
    Cluster& cluster, std::map<TopicPartition, std::int64_t> timestamps, MonoTime deadline);

// Asks for everything up to the high watermark.
inline constexpr std::int64_t kHighWatermark = -1;

struct DeletedRecords {
    Error error{ErrorCode::none, {}};
    std::int64_t low_watermark = -1;  // where the log starts now
};
// Deletes the records before an offset, in each partition; as list_offsets() for what stands in the
// items. Asking twice does no harm.
runtime::Task<Result<std::map<TopicPartition, DeletedRecords>>> delete_records(
    Cluster& cluster, std::map<TopicPartition, std::int64_t> before, MonoTime deadline);

// --- cluster

struct ClusterNode {
    NodeId id;
    runtime::Address address;
    std::optional<std::string> rack;
    bool is_fenced = false;
};
struct ClusterDescription {
    std::string cluster_id;
    NodeId controller;
    std::vector<ClusterNode> nodes;  // by id
};
runtime::Task<Result<ClusterDescription>> describe_cluster(Cluster& cluster, MonoTime deadline);

// What a partition's oldest segment waits for. Only brokers of ours tell.
struct RetentionOutlook {
    // What the next check does with it. Numbers as on the wire.
    enum class Verdict : std::int8_t { keep = 0, start_offset = 1, size = 2, time = 3 };

    std::int32_t segment_count = 0;
    std::int64_t first_offset = 0;  // of the segment
    std::int64_t next_offset = 0;   // after its last
    std::int64_t size_bytes = 0;
    std::int64_t max_timestamp = -1;  // of its records; -1: none has one
    bool is_last = false;             // it is still appended to
    Verdict verdict = Verdict::keep;
    std::int64_t due_ms = -1;      // when it is too old; -1: never
    std::int64_t bytes_left = -1;  // more in the log, until it is too much; -1: never
};

// What compaction has to do with a compacted partition. Only brokers of ours tell.
struct CompactionOutlook {
    std::int64_t seen_upto = 0;     // of what was not seen yet
    std::int64_t may_see_upto = 0;  // ... what may be looked at ends here
    std::int64_t seen_bytes = 0;
    std::int64_t dirty_bytes = 0;        // of [seen_upto, may_see_upto), in whole segments
    bool is_wanted = false;              // it is worth a round, and waits for its turn
    std::int64_t last_round_ms = -1;     // -1: none since the broker started
    std::int64_t next_deletion_ms = -1;  // of a deleted key's last trace; -1: none is known
    std::optional<std::string> refused = std::nullopt;  // why it is not compacted any more
};

// What a broker has in one of its log directories.
struct LogDirectory {
    NodeId node;
    std::string path;
    Error error{ErrorCode::none, {}};  // such as that it failed; the rest is not known then
    std::int64_t total_bytes = -1;     // of its disk; -1: the broker is too old to say
    std::int64_t usable_bytes = -1;

    struct Replica {
        TopicPartition partition;
        std::int64_t size_bytes = 0;
        bool is_future = false;  // on its way there from another directory
        std::optional<RetentionOutlook> retention = std::nullopt;
        std::optional<CompactionOutlook> compaction = std::nullopt;
    };
    std::vector<Replica> replicas;  // of those asked for
};
// Of all brokers that can be reached and tell, in the order of their ids; with the replicas of
// these partitions, if any. `with_retention`: also what retention and compaction make of them.
runtime::Task<std::vector<LogDirectory>> describe_log_dirs(Cluster& cluster,
                                                           std::vector<TopicPartition> partitions,
                                                           MonoTime deadline,
                                                           bool with_retention = false);

// --- groups

struct GroupListing {
    std::string group;
    std::string protocol_type;
    std::string state;  // empty: the broker is too old to say
    std::string type;
    NodeId coordinator;
};
// Asks every node, and again while its groups are being loaded; by name.
runtime::Task<Result<std::vector<GroupListing>>> list_groups(Cluster& cluster, MonoTime deadline);

struct MemberDescription {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::vector<TopicPartition> assignment;  // of the "consumer" protocol type
};
struct GroupDescription {
    std::string group;
    Error error{ErrorCode::none, {}};
    std::string state;
    std::string protocol_type;
    std::string protocol;  // the assignor
    NodeId coordinator;
    std::vector<MemberDescription> members;
};
// group_id_not_found when there is no such group.
runtime::Task<Result<GroupDescription>> describe_group(Cluster& cluster, std::string group,
                                                       MonoTime deadline);

struct CommittedOffset {
    Error error{ErrorCode::none, {}};
    std::int64_t offset = -1;  // -1: nothing committed
    LeaderEpoch leader_epoch;
    std::string metadata;
};
// Everything the group committed; with `partitions` only these, which then all have an entry.
runtime::Task<Result<std::map<TopicPartition, CommittedOffset>>> fetch_offsets(
    Cluster& cluster, std::string group, std::optional<std::vector<TopicPartition>> partitions,
    MonoTime deadline);

struct GroupOutcome {
    std::string group;
    Error error{ErrorCode::none, {}};

    bool ok() const { return error.code == ErrorCode::none; }
};
// Deletes groups that nobody is in, with their positions. Not tried again after a connection broke:
// it may have been carried out.
runtime::Task<Result<std::vector<GroupOutcome>>> delete_groups(Cluster& cluster,
                                                               std::vector<std::string> groups,
                                                               MonoTime deadline);

// Commits positions for a group that nobody is in; the group is made when there is none. An error
// for each partition: unknown_member_id when somebody is in the group after all.
runtime::Task<Result<std::map<TopicPartition, Error>>> commit_offsets(
    Cluster& cluster, std::string group, std::map<TopicPartition, std::int64_t> offsets,
    MonoTime deadline);

// Makes a group forget positions that nobody in it uses.
runtime::Task<Result<std::map<TopicPartition, Error>>> delete_offsets(
    Cluster& cluster, std::string group, std::vector<TopicPartition> partitions, MonoTime deadline);

}  // namespace cauce::client
