#include "metadata/config_effects.h"

#include "base/check.h"

#include <algorithm>
#include <array>

namespace cauce::metadata {
namespace {

// Both lists in the order of their names.

// Topics' keys that partitions, or the controller, act on. All of them can change while they run;
// so can the brokers' keys they fall back to.
constexpr std::array<std::string_view, 28> kTopicKeys = {
    "cauce.durability",
    "cauce.validate.compressed",
    "cleanup.policy",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "internal.segment.bytes",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
};

struct BrokerKey {
    std::string_view name;
    ConfigEffect effect;
};
using enum ConfigEffect;
constexpr BrokerKey kBrokerKeys[] = {
    {"advertised.listeners", at_start},
    {"auto.create.topics.enable", at_start},
    {"broker.heartbeat.interval.ms", at_start},
    {"broker.id", at_start},
    {"broker.rack", at_start},
    {"broker.session.timeout.ms", at_start},
    {"cauce.disk.free.refuse.bytes", at_once},
    {"cauce.disk.free.refuse.percent", at_once},
    {"cauce.disk.free.throttle.bytes", at_once},
    {"cauce.disk.free.throttle.percent", at_once},
    {"cauce.disk.reserve.bytes", at_once},
    {"cauce.disk.reserve.percent", at_once},
    {"cauce.http.listener", at_start},
    {"cauce.shards", at_start},
    {"connections.max.idle.ms", at_start},
    {"controller.listener.names", at_start},
    {"controller.quorum.voters", at_start},
    {"cordoned.log.dirs", at_once},
    {"default.replication.factor", at_start},
    {"delete.topic.enable", at_start},
    {"fetch.max.bytes", at_start},
    {"group.initial.rebalance.delay.ms", at_start},
    {"group.max.session.timeout.ms", at_start},
    {"group.max.size", at_start},
    {"group.min.session.timeout.ms", at_start},
    {"listener.security.protocol.map", at_start},
    {"listeners", at_start},
    {"log.cleaner.backoff.ms", at_once},
    {"log.cleaner.dedupe.buffer.size", at_once},
    {"log.cleaner.enable", at_start},
    {"log.cleaner.io.buffer.load.factor", at_once},
    {"log.cleaner.io.buffer.size", at_once},
    {"log.cleaner.io.max.bytes.per.second", at_once},
    {"log.dir", at_start},
    {"log.dirs", at_start},
    {"log.flush.offset.checkpoint.interval.ms", at_start},
    {"log.flush.scheduler.interval.ms", at_start},
    {"log.initial.task.delay.ms", at_start},
    {"log.retention.check.interval.ms", at_start},
    {"max.connections", at_once},
    {"max.connections.per.ip", at_once},
    {"max.connections.per.ip.overrides", at_once},
    {"max.incremental.fetch.session.cache.slots", at_start},
    {"max.request.partition.size.limit", at_start},
    {"metadata.log.dir", at_start},
    {"metadata.log.max.record.bytes.between.snapshots", at_start},
    {"metadata.log.max.snapshot.interval.ms", at_start},
    {"metadata.log.segment.bytes", at_start},
    {"metadata.log.segment.ms", at_start},
    {"node.id", at_start},
    {"num.partitions", at_start},
    {"offset.metadata.max.bytes", at_start},
    {"offsets.commit.timeout.ms", at_start},
    {"offsets.retention.check.interval.ms", at_start},
    {"offsets.retention.minutes", at_start},
    {"offsets.topic.num.partitions", at_start},
    {"offsets.topic.replication.factor", at_start},
    {"offsets.topic.segment.bytes", at_start},
    {"process.roles", at_start},
    {"producer.id.expiration.check.interval.ms", at_start},
    {"producer.id.expiration.ms", at_once},
    {"queued.max.request.bytes", at_start},
    {"replica.high.watermark.checkpoint.interval.ms", at_start},
    {"request.timeout.ms", at_start},
    {"socket.receive.buffer.bytes", at_start},
    {"socket.request.max.bytes", at_start},
    {"socket.send.buffer.bytes", at_start},
};
static_assert(std::ranges::is_sorted(kTopicKeys));
static_assert(std::ranges::is_sorted(kBrokerKeys, {}, &BrokerKey::name));

bool has_topic_effect(std::string_view name) {
    return std::ranges::binary_search(kTopicKeys, name);
}

ConfigEffect broker_effect(const ConfigKey& key) {
    if (!why_refused(key.name).empty()) return refused;
    const auto at = std::ranges::lower_bound(kBrokerKeys, key.name, {}, &BrokerKey::name);
    if (at != std::ranges::end(kBrokerKeys) && at->name == key.name) return at->effect;
    for (const ConfigKey& topic : config_keys(ConfigScope::topic)) {
        if (!has_topic_effect(topic.name)) continue;
        for (const ConfigSynonym& synonym : topic.synonyms) {
            if (synonym.name == key.name)
                return key.update_mode == UpdateMode::read_only ? at_start : at_once;
        }
    }
    return none;
}

}  // namespace

std::string_view why_refused(std::string_view key) {
    if (key == "authorizer.class.name")
        return "Cauce has no authorizer yet, so everybody would be let in";
    if (key.starts_with("sasl."))
        return "Cauce has no SASL yet, so nobody would be asked for a password";
    if (key.starts_with("ssl.")) return "Cauce has no TLS yet, so nothing would be encrypted";
    if (key.starts_with("listener.name."))
        return "Cauce has no settings of single listeners yet and would ignore it";
    if (key == "client.quota.callback.class")
        return "Cauce has no quotas yet, so nobody would be held to them";
    if (key == "remote.log.storage.system.enable")
        return "Cauce has no tiered storage yet, so data kept remotely would be missing";
    return {};
}

ConfigEffect config_effect(ConfigScope scope, std::string_view name) {
    const ConfigKey* key = find_config_key(scope, name);
    CHECK(key != nullptr, name);
    switch (scope) {
        case ConfigScope::broker:
            return broker_effect(*key);
        case ConfigScope::topic:
            return has_topic_effect(name) ? at_once : none;
        case ConfigScope::group:           // until the consumer protocol is served
        case ConfigScope::client_metrics:  // until telemetry is
            return none;
    }
    CHECK(false, static_cast<int>(scope));
    return none;
}

}  // namespace cauce::metadata
