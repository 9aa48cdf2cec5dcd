// Every metric there is. The page /metrics takes names, types and helps from here and from nowhere
// else (node/metrics_text.cc), and `cauce explain` knows the same; docs/metrics.md lists them. A
// test of the page proves that all of them are written, with these labels.
#pragma once

#include "live/metric.h"

#include <utility>

namespace cauce::live {

namespace metric_table {

using enum MetricType;

inline constexpr std::string_view kVersion[] = {"version"};
inline constexpr std::string_view kShard[] = {"shard"};
inline constexpr std::string_view kDirectory[] = {"directory"};
inline constexpr std::string_view kRequest[] = {"request"};
inline constexpr std::string_view kQuantile[] = {"request", "quantile"};
inline constexpr std::string_view kBucket[] = {"request", "le"};
inline constexpr std::string_view kState[] = {"current_state"};
inline constexpr std::string_view kTopic[] = {"topic"};
inline constexpr std::string_view kPartition[] = {"topic", "partition"};
inline constexpr std::string_view kGroup[] = {"consumergroup"};
inline constexpr std::string_view kGroupTopic[] = {"consumergroup", "topic"};
inline constexpr std::string_view kGroupPartition[] = {"consumergroup", "topic", "partition"};

// clang-format off
inline constexpr Metric kMetrics[] = {
    // The node.
    {"cauce_build_info", gauge, "always 1", kVersion,
     "The version that runs; always 1.",
     "When nodes of one cluster show different versions for longer than an upgrade takes."},
    {"cauce_uptime_seconds", gauge, "seconds", {},
     "Seconds since the node began to start.",
     "When it begins anew although nobody restarted the node: look at the end of the log before, and for the kernel's out-of-memory killer."},
    {"cauce_connections", gauge, "connections", kShard,
     "Open connections of Kafka clients, by shard.",
     "When the sum over the shards climbs without end (clients that do not close what they open), falls to 0, or nears max.connections."},
    {"cauce_request_memory_bytes", gauge, "bytes", kShard,
     "Memory of requests that arrive or are handled, by shard; queued.max.request.bytes limits it.",
     "When the sum over the shards stays near queued.max.request.bytes: connections are then not read from until something is freed, and clients may see timeouts."},
    {"kafka_server_kafkaserver_brokerstate", gauge, "number of a state", {},
     "Kafka's number: 1 starting, 2 recovering, 3 serving, 6 stopping.",
     "When it is not 3 minutes after a start: the page /readyz says what is waited for."},
    {"kafka_log_logmanager_offlinelogdirectorycount", gauge, "directories", {},
     "Log directories that failed.",
     "Whenever it is not 0: the broker's log names the directory and the error. It is not written to again until the disk is mended and the node started anew."},
    {"cauce_log_directory_free_bytes", gauge, "bytes", kDirectory,
     "Free room on the disk of a log directory.",
     "When it falls from day to day: work out when it reaches cauce.disk.free.throttle.bytes, and lower retention or enlarge the disk before."},
    {"cauce_log_directory_total_bytes", gauge, "bytes", kDirectory,
     "Size of the disk of a log directory.",
     "When it is not what you gave it: something else is mounted there, or nothing."},
    {"cauce_log_directory_stage", gauge, "0, 1 or 2", kDirectory,
     "0 while there is room, 1 when it runs out (producers are slowed down), 2 when the disk is full (records are refused).",
     "Whenever it is not 0: the broker's log says what to do; `cauce topic retention` says when records go by themselves."},
    {"cauce_log_directory_throttled_batches_total", counter, "batches", kDirectory,
     "Batches whose producer was told to keep quiet because the disk runs full.",
     "When it grows: as for cauce_log_directory_stage."},
    {"cauce_log_directory_refused_batches_total", counter, "batches", kDirectory,
     "Batches that were refused because the disk is full.",
     "When it grows: as for cauce_log_directory_stage. Producers try again until their delivery.timeout.ms is over, then records are lost to them."},

    // The metadata quorum.
    {"kafka_controller_kafkacontroller_activecontrollercount", gauge, "1 or 0", {},
     "1 on the node that is the active controller.",
     "When the sum over all nodes is not 1 for longer than an election takes: topics and leaders cannot change without a controller."},
    {"kafka_server_raftmetrics_current_leader", gauge, "node id", {},
     "Who leads the metadata quorum; -1 when nobody is known to.",
     "When it stays -1, or nodes name different leaders, for longer than an election takes."},
    {"kafka_server_raftmetrics_current_epoch", gauge, "epoch", {},
     "The quorum's epoch.",
     "When it climbs again and again: each step is an election, so controllers lose sight of each other or are overloaded."},
    {"kafka_server_raftmetrics_high_watermark", gauge, "offset", {},
     "Everything in the metadata log before it is committed.",
     "When it stays behind kafka_server_raftmetrics_log_end_offset of the leader: changes are written and not confirmed by a majority."},
    {"kafka_server_raftmetrics_log_end_offset", gauge, "offset", {},
     "Where the metadata log ends.",
     "When it falls behind that of the leader, or grows fast although nobody changes topics, settings or brokers."},
    {"kafka_server_raftmetrics_current_state", gauge, "always 1", kState,
     "What this node is in the metadata quorum; always 1.",
     "When no node of the cluster shows `leader`, or more than one does, for longer than an election takes."},
    {"kafka_server_raft_metrics_current_leader", gauge, "node id", {},
     "Who leads the metadata quorum; -1 when nobody is known to.",
     "As for kafka_server_raftmetrics_current_leader, of which it is another name."},
    {"kafka_server_raft_metrics_current_epoch", gauge, "epoch", {},
     "The quorum's epoch.",
     "As for kafka_server_raftmetrics_current_epoch, of which it is another name."},
    {"kafka_server_raft_metrics_high_watermark", gauge, "offset", {},
     "Everything in the metadata log before it is committed.",
     "As for kafka_server_raftmetrics_high_watermark, of which it is another name."},
    {"kafka_server_raft_metrics_log_end_offset", gauge, "offset", {},
     "Where the metadata log ends.",
     "As for kafka_server_raftmetrics_log_end_offset, of which it is another name."},
    {"kafka_server_raft_metrics_current_state", gauge, "always 1", kState,
     "What this node is in the metadata quorum; always 1.",
     "As for kafka_server_raftmetrics_current_state, of which it is another name."},

    // Requests.
    {"kafka_network_requestmetrics_requests_total", counter, "requests", kRequest,
     "Requests that were answered, by API.",
     "When the rate of Produce or Fetch falls without a reason, or that of ApiVersions, Metadata or FindCoordinator rises: clients then connect again and again."},
    {"kafka_network_requestmetrics_totaltimems", summary, "milliseconds", kQuantile,
     "Milliseconds from a request's last byte until its answer is written; quantiles of the last minutes.",
     "When the 0.99 of Produce stays far above what it usually is: look at the disk first, then at the processor. Fetch waits for records by design, up to fetch.max.wait.ms of the consumer."},
    {"cauce_request_duration_seconds", histogram, "seconds", kBucket,
     "Seconds from a request's last byte until its answer is written, by API; counted since the start.",
     "As for kafka_network_requestmetrics_totaltimems; buckets can be added up over nodes, which quantiles cannot."},

    // The cluster, as this node's metadata have it.
    {"kafka_controller_kafkacontroller_activebrokercount", gauge, "brokers", {},
     "Registered brokers that are not fenced.",
     "When it is less than the number of brokers you run."},
    {"kafka_controller_kafkacontroller_fencedbrokercount", gauge, "brokers", {},
     "Registered brokers that are fenced.",
     "When it is not 0 for longer than a broker takes to start: one is down, or cannot reach the controller."},
    {"kafka_controller_kafkacontroller_globaltopiccount", gauge, "topics", {},
     "Topics of the cluster.",
     "When it grows although nobody creates topics: auto.create.topics.enable makes one of every misspelt name. When it falls unasked, somebody deletes them."},
    {"kafka_controller_kafkacontroller_globalpartitioncount", gauge, "partitions", {},
     "Partitions of the cluster.",
     "When it grows beyond what was planned: each partition costs memory, files and time at a start."},
    {"kafka_controller_kafkacontroller_offlinepartitionscount", gauge, "partitions", {},
     "Partitions of the cluster without a leader.",
     "Whenever it is not 0: nobody can write to these partitions or read from them. `cauce cluster health` lists them; bring the brokers of their replicas back."},
    {"kafka_server_replicamanager_partitioncount", gauge, "partitions", {},
     "Partitions with a replica here.",
     "When it falls although no topic was deleted, or is far from that of the other brokers."},
    {"kafka_server_replicamanager_leadercount", gauge, "partitions", {},
     "Partitions that this node leads.",
     "When it falls to 0 on a node that serves, or is far from that of the other brokers: the load is then spread unevenly."},
    {"kafka_server_replicamanager_offlinereplicacount", gauge, "partitions", {},
     "Partitions with a replica here that is not open.",
     "When it is not 0 on a node that serves: a disk failed or a log could not be opened; the broker's log says which and why."},
    {"kafka_server_replicamanager_underreplicatedpartitions", gauge, "partitions", {},
     "Partitions led here with replicas outside the ISR.",
     "When it is not 0 for minutes: a broker is down or cannot follow, and the next failure may cost availability or records. `cauce cluster health` lists them."},
    {"kafka_server_replicamanager_underminisrpartitioncount", gauge, "partitions", {},
     "Partitions led here whose ISR is smaller than min.insync.replicas.",
     "Whenever it is not 0: producers with acks=all get NOT_ENOUGH_REPLICAS from these partitions. Bring the missing brokers back."},

    // Topics, as far as their partitions are here.
    {"kafka_server_brokertopicmetrics_messagesin_total", counter, "records", kTopic,
     "Records appended here, by topic.",
     "When its rate falls to 0 although producers should send, or rises far above what is usual."},
    {"kafka_server_brokertopicmetrics_bytesin_total", counter, "bytes", kTopic,
     "Bytes of record batches appended here, by topic.",
     "When its rate nears what the disk or the network can take, or what retention leaves room for."},
    {"kafka_server_brokertopicmetrics_bytesout_total", counter, "bytes", kTopic,
     "Bytes of record batches given to consumers, by topic.",
     "When its rate falls to 0 although consumers should read, or stays below that of kafka_server_brokertopicmetrics_bytesin_total: they fall behind."},
    {"kafka_server_brokertopicmetrics_totalproducerequests_total", counter, "batches", kTopic,
     "Batches that came to be appended here, by topic: appended, sent before, refused.",
     "When it grows nearly as fast as kafka_server_brokertopicmetrics_messagesin_total: batches of one record cost the most; raise linger.ms and batch.size of the producers."},
    {"kafka_server_brokertopicmetrics_failedproducerequests_total", counter, "batches", kTopic,
     "Batches that were refused, by topic.",
     "When it grows: producers are given errors, and their logs name them; `cauce explain` says what to do about each."},
    {"kafka_server_brokertopicmetrics_totalfetchrequests_total", counter, "reads", kTopic,
     "Reads by consumers that brought records, by topic.",
     "When its rate falls to 0 although records come in and somebody should read them."},

    // Partitions that are here.
    {"kafka_log_log_size", gauge, "bytes", kPartition,
     "Bytes of the partition's segments here.",
     "When the sum nears the size of the disk: lower retention.ms or retention.bytes of the largest topics before it is full."},
    {"kafka_log_log_numlogsegments", gauge, "segments", kPartition,
     "Segments of the partition here.",
     "When it climbs for longer than retention.ms, nothing is deleted; when it stands at hundreds, segment.bytes or segment.ms is small, and each segment costs files."},
    {"kafka_log_log_logstartoffset", gauge, "offset", kPartition,
     "Where the partition's log begins.",
     "When it overtakes kafka_consumergroup_current_offset: retention deletes records that the group has not read."},
    {"kafka_log_log_logendoffset", gauge, "offset", kPartition,
     "The offset of the next record.",
     "When it stands still although producers should send; when one partition of a topic grows much faster than the others, its keys are unevenly spread."},

    // Compaction.
    {"kafka_log_logcleaner_cleaner_recopy_percent", gauge, "percent", {},
     "Bytes that stayed of those that the last round of compaction looked at, in percent.",
     "When it stays near 100: rounds are made and find little to drop; raise min.cleanable.dirty.ratio of the topics, or wonder whether their keys ever come again."},
    {"kafka_log_logcleaner_max_buffer_utilization_percent", gauge, "percent", {},
     "How full the last round's map of keys was, of what it had taken, in percent.",
     "When it is 100 again and again: a log then takes several rounds; raise log.cleaner.dedupe.buffer.size."},
    {"kafka_log_logcleaner_max_clean_time_secs", gauge, "seconds", {},
     "How long the last round of compaction took.",
     "When it climbs beyond what the topics' max.compaction.lag.ms leave room for: look at log.cleaner.io.max.bytes.per.second and the disk."},
    {"kafka_log_logcleanermanager_max_dirty_percent", gauge, "percent", {},
     "The largest share, among compacted partitions, that compaction has not seen yet, in percent.",
     "When it stays near 100 for long: compaction does not keep up, or a partition is not compacted any more (kafka_log_logcleanermanager_uncleanable_partitions_count)."},
    {"kafka_log_logcleanermanager_time_since_last_run_ms", gauge, "milliseconds", {},
     "Milliseconds since the log cleaner last looked for work.",
     "When it exceeds log.cleaner.backoff.ms by more than a round takes: the cleaner is off (log.cleaner.enable) or stuck."},
    {"kafka_log_logcleanermanager_uncleanable_partitions_count", gauge, "partitions", {},
     "Partitions that are not compacted any more because a batch in them is damaged.",
     "Whenever it is not 0: the broker's log names the partition, the file and what is wrong. Old records pile up there; bring the file back from a copy and start the node anew."},
    {"cauce_compaction_bytes_total", counter, "bytes", {},
     "Bytes of segments that compaction has written anew since the start.",
     "When its rate nears what the disk can take: log.cleaner.io.max.bytes.per.second bounds it."},
    {"cauce_compaction_kept_bytes_total", counter, "bytes", {},
     "Bytes of these that stayed.",
     "As for kafka_log_logcleaner_cleaner_recopy_percent, over any time."},
    {"cauce_compaction_dirty_percent", gauge, "percent", kPartition,
     "Of a compacted partition, the share that compaction has not seen yet, in percent.",
     "When it stays above min.cleanable.dirty.ratio although there are rounds elsewhere: `cauce topic describe` says what it waits for."},

    // The cluster, under kafka_exporter's names.
    {"kafka_brokers", gauge, "brokers", {},
     "Brokers that clients are told of.",
     "When it is less than the number of brokers you run."},
    {"kafka_topic_partitions", gauge, "partitions", kTopic,
     "Partitions of the topic.",
     "When it is less than the consumers of a group (kafka_consumergroup_members): the rest of them have nothing to do."},
    {"kafka_topic_partition_current_offset", gauge, "offset", kPartition,
     "Up to where consumers can read: the high watermark.",
     "When it stays behind kafka_log_log_logendoffset: records are written, and not yet on the disk or on enough replicas."},
    {"kafka_topic_partition_oldest_offset", gauge, "offset", kPartition,
     "The first offset there is.",
     "When it overtakes kafka_consumergroup_current_offset: retention deletes records that the group has not read."},
    {"kafka_topic_partition_leader", gauge, "node id", kPartition,
     "The leader's node id; -1: there is none.",
     "Whenever it is -1: nobody can write to that partition or read from it."},
    {"kafka_topic_partition_leader_is_preferred", gauge, "1 or 0", kPartition,
     "1 when the first replica leads.",
     "When it is 0 for many partitions long after a broker came back: the load is spread unevenly until preferred leaders are elected."},
    {"kafka_topic_partition_replicas", gauge, "replicas", kPartition,
     "Replicas of the partition.",
     "When it is less than you mean to have: with 1, a broker that is down takes the partition with it, and a lost disk its records."},
    {"kafka_topic_partition_in_sync_replica", gauge, "replicas", kPartition,
     "Replicas in the ISR.",
     "When it is less than kafka_topic_partition_replicas for minutes; below min.insync.replicas, producers with acks=all get NOT_ENOUGH_REPLICAS."},
    {"kafka_topic_partition_under_replicated_partition", gauge, "1 or 0", kPartition,
     "1 when a replica is outside the ISR.",
     "When it is 1 for minutes: a broker is down or cannot follow. `cauce cluster health` lists such partitions."},

    // Groups that are coordinated here.
    {"kafka_consumergroup_members", gauge, "members", kGroup,
     "Members of the group.",
     "When it is less than the consumers you run, goes up and down all the time (rebalances), or is 0 while kafka_consumergroup_lag grows."},
    {"kafka_consumergroup_current_offset", gauge, "offset", kGroupPartition,
     "The group's committed offset.",
     "When it stands still although kafka_topic_partition_current_offset goes on, or goes back: somebody moved the group, or it began anew."},
    {"kafka_consumergroup_lag", gauge, "records", kGroupPartition,
     "Records that consumers can read and the group has not committed.",
     "When it grows for minutes: the consumers are too slow or stuck; `cauce group describe` shows who reads the partition. That it is not 0 is usual."},
    {"kafka_consumergroup_current_offset_sum", gauge, "sum of offsets", kGroupTopic,
     "The group's committed offsets of a topic, added up.",
     "When its rate falls to 0 although records come in: nothing of the topic is committed any more."},
    {"kafka_consumergroup_lag_sum", gauge, "records", kGroupTopic,
     "The group's lag in a topic, added up.",
     "When it grows for minutes: the group as a whole is slower than what comes in; `cauce group lag` shows where. Partitions that another node leads are not in it."},
};
// clang-format on

}  // namespace metric_table

inline std::span<const Metric> metrics() {
    return metric_table::kMetrics;
}

// For who writes it: a name that is not in the table does not compile.
consteval const Metric& metric(std::string_view name) {
    for (const Metric& one : metric_table::kMetrics)
        if (one.name == name) return one;
    std::unreachable();
}

// As people find it on a page or in a query: the name, or that of a sample of it (a sum, a count or
// a bucket), with or without {labels}. Null when there is none.
const Metric* find_metric(std::string_view word);

}  // namespace cauce::live
