#include "metadata/config_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace cauce::metadata {
namespace {

constexpr std::array kScopes = {ConfigScope::broker, ConfigScope::topic, ConfigScope::group,
                                ConfigScope::client_metrics};

TEST(ConfigKeys, TheTablesAreInOrderAndTheirDefaultsPass) {
    for (ConfigScope scope : kScopes) {
        const auto keys = config_keys(scope);
        ASSERT_FALSE(keys.empty());
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const ConfigKey& key = keys[i];
            if (i > 0) {
                EXPECT_LT(keys[i - 1].name, key.name);
            }
            EXPECT_EQ(find_config_key(scope, key.name), &key);
            EXPECT_FALSE(key.text.empty()) << key.name;
            if (key.default_value) {
                const auto checked = check_config_value(key, key.default_value);
                EXPECT_TRUE(checked) << checked.error().message;
            }
            for (const ConfigSynonym& synonym : key.synonyms)
                EXPECT_NE(find_config_key(ConfigScope::broker, synonym.name), nullptr)
                    << key.name << " inherits from " << synonym.name;
        }
    }
}

struct Case {
    const char* name;
    const char* value;
    // Empty: fine.
    const char* error;
};

// The texts are those of Kafka 4.4's own validation.
constexpr Case kTopicCases[] = {
    {"retention.ms", "abc",
     "Invalid value abc for configuration retention.ms: Not a number of type LONG"},
    {"retention.ms", "-2",
     "Invalid value -2 for configuration retention.ms: Value must be at least -1"},
    {"retention.ms", "-1", ""},
    {"retention.ms", " 12 ", ""},
    {"retention.ms", "+5", ""},
    {"retention.ms", "1.5",
     "Invalid value 1.5 for configuration retention.ms: Not a number of type LONG"},
    {"retention.ms", "99999999999999999999",
     "Invalid value 99999999999999999999 for configuration retention.ms: Not a number of type "
     "LONG"},
    {"retention.ms", "",
     "Invalid value  for configuration retention.ms: Not a number of type LONG"},
    {"segment.bytes", "1",
     "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576"},
    {"segment.bytes", "3000000000",
     "Invalid value 3000000000 for configuration segment.bytes: Not a number of type INT"},
    {"cleanup.policy", "", ""},
    {"cleanup.policy", "compact, delete", ""},
    {"cleanup.policy", "compact,compact", ""},
    {"cleanup.policy", "compact,", "Configuration 'cleanup.policy' values must not be empty."},
    {"cleanup.policy", "Compact",
     "Invalid value Compact for configuration cleanup.policy: String must be one of: compact, "
     "delete"},
    {"compression.type", " zstd ", ""},
    {"compression.type", "ZSTD",
     "Invalid value ZSTD for configuration compression.type: String must be one of: uncompressed, "
     "zstd, lz4, snappy, gzip, producer"},
    {"preallocate", "TRUE", ""},
    {"preallocate", "yes",
     "Invalid value yes for configuration preallocate: Expected value to be either true or false"},
    {"min.cleanable.dirty.ratio", "2",
     "Invalid value 2 for configuration min.cleanable.dirty.ratio: Value must be no more than 1"},
    {"min.cleanable.dirty.ratio", "1e-1", ""},
    {"min.cleanable.dirty.ratio", "abc",
     "Invalid value abc for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE"},
    {"compression.gzip.level", "-1", ""},
    {"compression.gzip.level", "9", ""},
    {"compression.gzip.level", "0",
     "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or "
     "equal to -1"},
    {"compression.lz4.level", "18",
     "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17"},
    {"max.decompressed.message.bytes", "2147483647",
     "Invalid value 2147483647 for configuration max.decompressed.message.bytes: Value must be no "
     "more than 2147483639"},
    {"leader.replication.throttled.replicas", "*", ""},
    {"leader.replication.throttled.replicas", "0:1,1:2", ""},
    {"leader.replication.throttled.replicas", "", ""},
    {"leader.replication.throttled.replicas", "*,0:1",
     "Invalid value [*, 0:1] for configuration leader.replication.throttled.replicas: "
     "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the "
     "following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."},
    {"no.such.key", "1", "Unknown topic config name: no.such.key"},
    {"retention.sm", "1", "Unknown topic config name: retention.sm (did you mean retention.ms?)"},
    {"cauce.durability", "page-cache", ""},
    {"cauce.durability", "none",
     "Invalid value none for configuration cauce.durability: String must be one of: flush, "
     "page-cache"},
    {"remote.storage.enable", "true",
     "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with "
     "remote log storage."},
};

TEST(ConfigKeys, ChecksTopicValuesWithKafkasTexts) {
    for (const Case& c : kTopicCases) {
        const auto result = check_topic_configs({{c.name, c.value}});
        const std::string text = result ? "" : result.error().message;
        EXPECT_EQ(text, c.error) << c.name << "=" << c.value;
        if (!result) {
            EXPECT_EQ(result.error().code, ErrorCode::invalid_config);
        }
    }
}

TEST(ConfigKeys, ChecksWhatConcernsSeveralKeys) {
    EXPECT_EQ(check_topic_configs({{"retention.ms", std::nullopt}, {"segment.ms", std::nullopt}})
                  .error()
                  .message,
              "Null value not supported for topic configs: retention.ms,segment.ms");
    EXPECT_EQ(
        check_topic_configs({{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "5"}})
            .error()
            .message,
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)");
    EXPECT_TRUE(check_topic_configs({}));
}

TEST(ConfigKeys, ChecksDurationsOfGroups) {
    const ConfigKey& key = *find_config_key(ConfigScope::group, "share.auto.offset.reset");
    for (const char* good : {"latest", "earliest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S",
                             "by_duration:P7D", "by_duration:PT0.5S"})
        EXPECT_TRUE(check_config_value(key, good)) << good;
    for (const char* bad : {"", "none", "by_duration:", "by_duration:P", "by_duration:PT",
                            "by_duration:1H", "by_duration:PT1", "by_duration:PT1S1H", "P1D"})
        EXPECT_FALSE(check_config_value(key, bad)) << bad;
}

TEST(ConfigKeys, SuggestsTheNearestKeyAndNothingFarAway) {
    const auto nearest = [](std::string_view name) {
        return nearest_config_key(ConfigScope::broker, name);
    };
    EXPECT_EQ(nearest("log.dir"), "log.dir");
    EXPECT_EQ(nearest("log.retension.ms"), "log.retention.ms");
    EXPECT_EQ(nearest("Log.Retention.Hours"), "log.retention.hours");
    EXPECT_EQ(nearest("advertised.listener"), "advertised.listeners");
    EXPECT_EQ(nearest("nod.eid"), "node.id");
    EXPECT_EQ(nearest("zookeeper.connect"), "");
    EXPECT_EQ(nearest("my.own.plugin.setting"), "");
    EXPECT_EQ(nearest(""), "");
}

TEST(ConfigKeys, SplitsListsAtCommas) {
    EXPECT_EQ(config_list(""), std::vector<std::string>());
    EXPECT_EQ(config_list("  "), std::vector<std::string>());
    EXPECT_EQ(config_list(" a , b"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(config_list("a,"), (std::vector<std::string>{"a", ""}));
}

}  // namespace
}  // namespace cauce::metadata
