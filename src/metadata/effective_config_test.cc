#include "metadata/effective_config.h"

#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/config_record.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cauce::metadata {
namespace {

class EffectiveConfigTest : public ::testing::Test {
protected:
    void set(ResourceType type, std::string_view resource, std::string_view name,
             std::string_view value) {
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(type);
        record.resource_name = resource;
        record.name = name;
        record.value = value;
        RecordList list;
        list.add(record);
        ASSERT_TRUE(builder_.replay(list[0]));
    }

    EffectiveConfig config() const { return {builder_.current(), file_, NodeId{1}}; }

    static const ConfigEntry& entry(const std::vector<ConfigEntry>& entries,
                                    std::string_view name) {
        const auto at = std::ranges::find_if(
            entries, [&](const ConfigEntry& e) { return e.key->name == name; });
        EXPECT_NE(at, entries.end()) << name;
        return *at;
    }

    static std::string places(const ConfigEntry& entry) {
        std::string out;
        for (const ConfigSynonymValue& s : entry.synonyms)
            out += s.name + "=" + s.value.value_or("null") + "/" +
                   std::to_string(static_cast<int>(s.source)) + " ";
        return out;
    }

    ImageBuilder builder_;
    StaticConfig file_;
};

TEST_F(EffectiveConfigTest, ATopicsValueComesFromTheNearestPlace) {
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "604800000");
    file_["log.retention.hours"] = "24";
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "86400000");
    file_["log.retention.minutes"] = "5";
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "300000");
    file_["log.retention.minutes"] = "-1";
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "-1");
    set(ResourceType::broker, "", "log.retention.ms", "7");
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "7");
    set(ResourceType::broker, "1", "log.retention.ms", "8");
    set(ResourceType::broker, "2", "log.retention.ms", "9");
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "8");
    set(ResourceType::topic, "t", "retention.ms", "10");
    EXPECT_EQ(config().topic_value("t", "retention.ms"), "10");
    EXPECT_EQ(config().topic_value("other", "retention.ms"), "8");
    EXPECT_EQ(config().topic_value("t", "internal.segment.bytes"), std::nullopt);
}

TEST_F(EffectiveConfigTest, DescribesATopicWithAllPlaces) {
    file_["log.retention.hours"] = "24";
    set(ResourceType::topic, "t", "retention.ms", "10");
    const auto entries = config().describe_topic("t");
    const ConfigEntry& retention = entry(entries, "retention.ms");
    EXPECT_EQ(retention.value, "10");
    EXPECT_EQ(retention.source, ConfigSource::topic);
    EXPECT_FALSE(retention.read_only);
    EXPECT_EQ(places(retention),
              "retention.ms=10/1 log.retention.hours=24/4 log.retention.hours=168/5 ");
    const ConfigEntry& segment = entry(entries, "segment.bytes");
    EXPECT_EQ(segment.value, "1073741824");
    EXPECT_EQ(segment.source, ConfigSource::default_value);
    EXPECT_EQ(places(segment), "log.segment.bytes=1073741824/5 ");
    for (const ConfigEntry& e : entries)
        EXPECT_FALSE(e.key->internal);
}

TEST_F(EffectiveConfigTest, DescribesABroker) {
    file_["node.id"] = "1";
    file_["ssl.keystore.password"] = "secret";
    set(ResourceType::broker, "", "min.insync.replicas", "1");
    set(ResourceType::broker, "1", "log.retention.ms", "5");
    const auto entries = config().describe_broker();
    EXPECT_EQ(entry(entries, "node.id").source, ConfigSource::static_broker);
    EXPECT_TRUE(entry(entries, "node.id").read_only);
    EXPECT_EQ(places(entry(entries, "min.insync.replicas")),
              "min.insync.replicas=1/3 min.insync.replicas=1/5 ");
    EXPECT_EQ(places(entry(entries, "log.retention.ms")),
              "log.retention.ms=5/2 log.retention.hours=168/5 ");
    EXPECT_FALSE(entry(entries, "log.retention.ms").read_only);
    const ConfigEntry& password = entry(entries, "ssl.keystore.password");
    EXPECT_EQ(password.value, std::nullopt);
    EXPECT_EQ(places(password), "ssl.keystore.password=null/4 ");

    const auto defaults = config().describe_default_broker();
    ASSERT_EQ(defaults.size(), 1u);
    EXPECT_EQ(defaults[0].key->name, "min.insync.replicas");
    EXPECT_EQ(defaults[0].source, ConfigSource::dynamic_default_broker);
}

TEST_F(EffectiveConfigTest, AGroupInheritsFromTheBroker) {
    file_["group.consumer.session.timeout.ms"] = "46000";
    set(ResourceType::group, "g", "consumer.heartbeat.interval.ms", "6000");
    EXPECT_EQ(config().group_value("g", "consumer.session.timeout.ms"), "46000");
    EXPECT_EQ(config().group_value("g", "consumer.heartbeat.interval.ms"), "6000");
    EXPECT_EQ(config().group_value("h", "consumer.heartbeat.interval.ms"), "5000");
    EXPECT_EQ(entry(config().describe_group("g"), "consumer.heartbeat.interval.ms").source,
              ConfigSource::group);
}

}  // namespace
}  // namespace cauce::metadata
