// The keys of topics.
// Facts of Kafka 4.4's definitions (name, type, default, range, importance, update mode); the texts
// are ours. In the order of the names.
#include "metadata/config_table.h"

namespace cauce::metadata::config_table {
namespace {

// clang-format off
constexpr ConfigSynonym kCleanupPolicy[] = {{"log.cleanup.policy"}};
constexpr ConfigSynonym kCompressionGzipLevel[] = {{"compression.gzip.level"}};
constexpr ConfigSynonym kCompressionLz4Level[] = {{"compression.lz4.level"}};
constexpr ConfigSynonym kCompressionType[] = {{"compression.type"}};
constexpr ConfigSynonym kCompressionZstdLevel[] = {{"compression.zstd.level"}};
constexpr ConfigSynonym kDeleteRetentionMs[] = {{"log.cleaner.delete.retention.ms"}};
constexpr ConfigSynonym kFileDeleteDelayMs[] = {{"log.segment.delete.delay.ms"}};
constexpr ConfigSynonym kFlushMessages[] = {{"log.flush.interval.messages"}};
constexpr ConfigSynonym kFlushMs[] = {
    {"log.flush.interval.ms"}, {"log.flush.scheduler.interval.ms"}};
constexpr ConfigSynonym kIndexIntervalBytes[] = {{"log.index.interval.bytes"}};
constexpr ConfigSynonym kLocalRetentionBytes[] = {{"log.local.retention.bytes"}};
constexpr ConfigSynonym kLocalRetentionMs[] = {{"log.local.retention.ms"}};
constexpr ConfigSynonym kMaxCompactionLagMs[] = {{"log.cleaner.max.compaction.lag.ms"}};
constexpr ConfigSynonym kMaxDecompressedMessageBytes[] = {{"max.decompressed.message.bytes"}};
constexpr ConfigSynonym kMaxMessageBytes[] = {{"message.max.bytes"}};
constexpr ConfigSynonym kMessageTimestampAfterMaxMs[] = {{"log.message.timestamp.after.max.ms"}};
constexpr ConfigSynonym kMessageTimestampBeforeMaxMs[] = {{"log.message.timestamp.before.max.ms"}};
constexpr ConfigSynonym kMessageTimestampType[] = {{"log.message.timestamp.type"}};
constexpr ConfigSynonym kMinCleanableDirtyRatio[] = {{"log.cleaner.min.cleanable.ratio"}};
constexpr ConfigSynonym kMinCompactionLagMs[] = {{"log.cleaner.min.compaction.lag.ms"}};
constexpr ConfigSynonym kMinInsyncReplicas[] = {{"min.insync.replicas"}};
constexpr ConfigSynonym kPreallocate[] = {{"log.preallocate"}};
constexpr ConfigSynonym kRemoteCopyLagBytes[] = {{"log.remote.copy.lag.bytes"}};
constexpr ConfigSynonym kRemoteCopyLagMs[] = {{"log.remote.copy.lag.ms"}};
constexpr ConfigSynonym kRetentionBytes[] = {{"log.retention.bytes"}};
constexpr ConfigSynonym kRetentionMs[] = {
    {"log.retention.ms"}, {"log.retention.minutes", 60'000},
    {"log.retention.hours", 3'600'000}};
constexpr ConfigSynonym kSegmentBytes[] = {{"log.segment.bytes"}};
constexpr ConfigSynonym kSegmentIndexBytes[] = {{"log.index.size.max.bytes"}};
constexpr ConfigSynonym kSegmentJitterMs[] = {
    {"log.roll.jitter.ms"}, {"log.roll.jitter.hours", 3'600'000}};
constexpr ConfigSynonym kSegmentMs[] = {{"log.roll.ms"}, {"log.roll.hours", 3'600'000}};
constexpr ConfigSynonym kUncleanLeaderElectionEnable[] = {{"unclean.leader.election.enable"}};
constexpr ConfigSynonym kCauceDurability[] = {{"cauce.durability"}};
constexpr ConfigSynonym kCauceValidateCompressed[] = {{"cauce.validate.compressed"}};

constexpr ConfigKey kKeys[] = {
    {"cauce.durability", String, "flush", "[flush, page-cache]", medium, cluster_wide,
     "What acknowledged means: flushed to the disk, or in the page cache as in Kafka.",
     kCauceDurability},
    {"cauce.validate.compressed", Bool, "false", "", medium, cluster_wide,
     "Decompress every batch on arrival and check each record in it.", kCauceValidateCompressed},
    {"cleanup.policy", List, "delete", "[compact, delete]", medium, cluster_wide,
     "What happens to old records: delete, compact, both, or nothing when empty.", kCleanupPolicy},
    {"compression.gzip.level", Int, "-1", "[1,...,9] or -1", medium, cluster_wide,
     "Gzip level used when the broker compresses; -1 is the library's own.", kCompressionGzipLevel},
    {"compression.lz4.level", Int, "9", "[1,...,17]", medium, cluster_wide,
     "LZ4 level used when the broker compresses.", kCompressionLz4Level},
    {"compression.type", String,
     "producer", "[uncompressed, zstd, lz4, snappy, gzip, producer]", medium, cluster_wide,
     "Codec of stored batches; producer keeps what came.", kCompressionType},
    {"compression.zstd.level", Int, "3", "[-131072,...,22]", medium, cluster_wide,
     "Zstandard level used when the broker compresses.", kCompressionZstdLevel},
    {"delete.retention.ms", Long, "86400000", "[0,...]", medium, cluster_wide,
     "How long a compacted topic keeps tombstones.", kDeleteRetentionMs},
    {"errors.deadletterqueue.group.enable", Bool, "false", "", medium, cluster_wide,
     "Share groups may use this topic for dead letters."},
    {"file.delete.delay.ms", Long, "60000", "[0,...]", medium, cluster_wide,
     "How long removed segments stay before they are deleted.", kFileDeleteDelayMs},
    {"flush.messages", Long, "9223372036854775807", "[1,...]", medium, cluster_wide,
     "Records after which a partition is flushed in any case.", kFlushMessages},
    {"flush.ms", Long, "9223372036854775807", "[0,...]", medium, cluster_wide,
     "Time after which a partition is flushed in any case.", kFlushMs},
    {"follower.replication.throttled.replicas", List,
     "", "[partitionId]:[brokerId],[partitionId]:[brokerId],...", medium, cluster_wide,
     "Followers whose replication is throttled, as partition:broker, or *."},
    {"index.interval.bytes", Int, "4096", "[0,...]", medium, cluster_wide,
     "Bytes of records per entry of the offset index.", kIndexIntervalBytes},
    {"internal.segment.bytes", Int, kNull, "", medium, cluster_wide,
     "Size at which a segment is rolled, without the lower limit; for tests.", {}, kInternal},
    {"leader.replication.throttled.replicas", List,
     "", "[partitionId]:[brokerId],[partitionId]:[brokerId],...", medium, cluster_wide,
     "Leaders whose replication is throttled, as partition:broker, or *."},
    {"local.retention.bytes", Long, "-2", "[-2,...]", medium, cluster_wide,
     "Bytes of a tiered partition kept on local disks; -2 follows retention.bytes.",
     kLocalRetentionBytes},
    {"local.retention.ms", Long, "-2", "[-2,...]", medium, cluster_wide,
     "Time records of a tiered partition stay on local disks; -2 follows retention.ms.",
     kLocalRetentionMs},
    {"max.compaction.lag.ms", Long, "9223372036854775807", "[1,...]", medium, cluster_wide,
     "Longest time a record waits for compaction.", kMaxCompactionLagMs},
    {"max.decompressed.message.bytes", Int,
     "2147483639", "[1,...,2147483639]", medium, cluster_wide,
     "Most bytes a record batch may decompress to.", kMaxDecompressedMessageBytes},
    {"max.message.bytes", Int, "1048588", "[0,...]", medium, cluster_wide,
     "Largest record batch, compressed, a producer may send.", kMaxMessageBytes},
    {"message.timestamp.after.max.ms", Long, "3600000", "[0,...]", medium, cluster_wide,
     "How far in the future a record's timestamp may lie.", kMessageTimestampAfterMaxMs},
    {"message.timestamp.before.max.ms", Long,
     "9223372036854775807", "[0,...]", medium, cluster_wide,
     "How far in the past a record's timestamp may lie.", kMessageTimestampBeforeMaxMs},
    {"message.timestamp.type", String,
     "CreateTime", "[CreateTime, LogAppendTime]", medium, cluster_wide,
     "Whether records carry the producer's time or that of the append.", kMessageTimestampType},
    {"min.cleanable.dirty.ratio", Double, "0.5", "[0,...,1]", medium, cluster_wide,
     "Share of uncompacted bytes from which the log is compacted.", kMinCleanableDirtyRatio},
    {"min.compaction.lag.ms", Long, "0", "[0,...]", medium, cluster_wide,
     "A record is not compacted before it is this old.", kMinCompactionLagMs},
    {"min.insync.replicas", Int, "1", "[1,...]", medium, cluster_wide,
     "Replicas that must have a record before acks=all is answered.", kMinInsyncReplicas},
    {"preallocate", Bool, "false", "", medium, cluster_wide,
     "Reserve a segment's space when it is made.", kPreallocate},
    {"remote.copy.lag.bytes", Long, "-1", "[-1,...]", medium, cluster_wide,
     "Bytes that may wait before segments are copied to remote storage.", kRemoteCopyLagBytes},
    {"remote.copy.lag.ms", Long, "0", "[-1,...]", medium, cluster_wide,
     "Time that may pass before segments are copied to remote storage.", kRemoteCopyLagMs},
    {"remote.log.copy.disable", Bool, "false", "", medium, cluster_wide,
     "Copy nothing more to remote storage."},
    {"remote.log.delete.on.disable", Bool, "false", "", medium, cluster_wide,
     "Delete what is in remote storage when it is switched off for the topic."},
    {"remote.storage.enable", Bool, "false", "", medium, cluster_wide,
     "Copy old segments to remote storage."},
    {"retention.bytes", Long, "-1", "", medium, cluster_wide,
     "Bytes a partition keeps; -1 is no limit.", kRetentionBytes},
    {"retention.ms", Long, "604800000", "[-1,...]", medium, cluster_wide,
     "Milliseconds records are kept; -1 keeps them for ever.", kRetentionMs},
    {"segment.bytes", Int, "1073741824", "[1048576,...]", medium, cluster_wide,
     "Size at which a segment is rolled.", kSegmentBytes},
    {"segment.index.bytes", Int, "10485760", "[4,...]", medium, cluster_wide,
     "Largest offset index; a segment with a full one is rolled.", kSegmentIndexBytes},
    {"segment.jitter.ms", Long, "0", "[0,...]", medium, cluster_wide,
     "Milliseconds by which rolls are spread at random.", kSegmentJitterMs},
    {"segment.ms", Long, "604800000", "[1,...]", medium, cluster_wide,
     "Milliseconds after which a segment is rolled.", kSegmentMs},
    {"unclean.leader.election.enable", Bool, "false", "", medium, cluster_wide,
     "A replica that misses records may lead when no other is left.", kUncleanLeaderElectionEnable},
};
// clang-format on

}  // namespace

std::span<const ConfigKey> topic() {
    return kKeys;
}

}  // namespace cauce::metadata::config_table
