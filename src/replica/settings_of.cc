#include "replica/settings_of.h"

#include "base/check.h"
#include "base/contains.h"

#include <algorithm>
#include <optional>

namespace cauce::replica {

namespace {

class Values {
public:
    Values(const metadata::EffectiveConfig& config, std::string_view topic)
        : config_(config), topic_(topic) {}

    std::string text(std::string_view key) const {
        auto value = config_.topic_value(topic_, key);
        CHECK(value.has_value(), key);
        return *std::move(value);
    }
    std::int64_t number(std::string_view key) const { return metadata::config_integer(text(key)); }
    // Nothing for a key that is not set and has no default.
    std::optional<std::int64_t> optional_number(std::string_view key) const {
        const auto value = config_.topic_value(topic_, key);
        if (!value) return std::nullopt;
        return metadata::config_integer(*value);
    }
    std::int32_t small_number(std::string_view key) const {
        return static_cast<std::int32_t>(number(key));
    }
    bool flag(std::string_view key) const { return metadata::config_bool(text(key)); }

private:
    const metadata::EffectiveConfig& config_;
    std::string_view topic_;
};

storage::LogConfig log_config(const Values& values) {
    storage::LogConfig log;
    log.segment_bytes = values.number("segment.bytes");
    // Any number: below the size of a batch that batch is refused, as by Kafka.
    if (const auto bytes = values.optional_number("internal.segment.bytes"))
        log.segment_bytes = std::max<std::int64_t>(*bytes, 0);
    log.segment_ms = values.number("segment.ms");
    log.segment_jitter_ms = values.number("segment.jitter.ms");
    log.segment_index_bytes = values.number("segment.index.bytes");
    log.index_interval_bytes = values.number("index.interval.bytes");
    log.retention_bytes = values.number("retention.bytes");
    log.retention_ms = values.number("retention.ms");
    const auto policies = metadata::config_list(values.text("cleanup.policy"));
    log.delete_old = contains(policies, "delete");
    log.compact = contains(policies, "compact");
    log.delete_retention_ms = values.number("delete.retention.ms");
    log.min_compaction_lag_ms = values.number("min.compaction.lag.ms");
    log.max_compaction_lag_ms = values.number("max.compaction.lag.ms");
    log.min_cleanable_dirty_ratio =
        metadata::config_number(values.text("min.cleanable.dirty.ratio"));
    log.file_delete_delay_ms = values.number("file.delete.delay.ms");
    log.flush_messages = values.number("flush.messages");
    log.flush_ms = values.number("flush.ms");
    log.durability = values.text("cauce.durability") == "page-cache"
                         ? storage::Durability::page_cache
                         : storage::Durability::flush;
    return log;
}

}  // namespace

std::shared_ptr<const TopicSettings> settings_of(const metadata::EffectiveConfig& config,
                                                 std::string_view topic) {
    const Values values(config, topic);
    auto settings = std::make_shared<TopicSettings>();
    auto log = std::make_shared<storage::LogConfig>(log_config(values));
    log->producer_id_expiration_ms =
        metadata::config_integer(config.broker_value("producer.id.expiration.ms").value());
    settings->log = std::move(log);
    settings->max_message_bytes = values.small_number("max.message.bytes");
    settings->timestamp_type = values.text("message.timestamp.type") == "LogAppendTime"
                                   ? wire::TimestampType::log_append_time
                                   : wire::TimestampType::create_time;
    settings->timestamp_before_max_ms = values.number("message.timestamp.before.max.ms");
    settings->timestamp_after_max_ms = values.number("message.timestamp.after.max.ms");
    settings->min_insync_replicas = values.small_number("min.insync.replicas");
    settings->validate_compressed = values.flag("cauce.validate.compressed");
    // "producer" names no codec: batches are kept as they come.
    const std::string codec = values.text("compression.type");
    settings->codec = wire::codec_from_name(codec == "uncompressed" ? "none" : codec);
    if (settings->codec && wire::compression_levels(*settings->codec))
        settings->codec_level = values.small_number("compression." + codec + ".level");
    return settings;
}

}  // namespace cauce::replica
