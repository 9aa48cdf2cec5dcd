#include "node/config_watch.h"

#include "client/testing/loop.h"
#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/config_record.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::node {
namespace {

using metadata::ResourceType;

class Lines final : public LogSink {
public:
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view, std::string_view text) override {
        lines.emplace_back(text);
    }
    std::vector<std::string> lines;
};

class ConfigWatchTest : public ::testing::Test {
protected:
    void set(ResourceType type, std::string_view resource, std::string_view name,
             std::optional<std::string_view> value) {
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(type);
        record.resource_name = resource;
        record.name = name;
        record.value = value;
        metadata::RecordList list;
        list.add(record);
        ASSERT_TRUE(builder_.replay(list[0]));
    }
    std::vector<std::string> follow() {
        watch_.follow(builder_.publish());
        return std::exchange(log_.lines, {});
    }
    using Said = std::vector<std::string>;

    client::testing::Loop loop_;
    metadata::StaticConfig file_{{"max.connections", "100"}};
    server::ConnectionQuota quota_{loop_,
                                   {.total = 100, .per_address = 100, .per_address_overrides = {}}};
    Lines log_;
    metadata::ImageBuilder builder_;
    ConfigWatch watch_{NodeId{1}, file_, quota_, Logger(&log_, "Config")};
};

TEST_F(ConfigWatchTest, TellsWhatChangesForThisBroker) {
    EXPECT_EQ(follow(), Said{});
    set(ResourceType::broker, "", "log.retention.ms", "5");
    set(ResourceType::broker, "1", "log.retention.ms", "6");
    set(ResourceType::broker, "2", "log.retention.ms", "7");
    set(ResourceType::topic, "blog", "retention.ms", "8");
    EXPECT_EQ(follow(), (Said{"log.retention.ms is set to 5 for all brokers",
                              "log.retention.ms is set to 6 for broker 1"}));
    EXPECT_EQ(follow(), Said{});
    set(ResourceType::broker, "1", "log.retention.ms", std::nullopt);
    EXPECT_EQ(follow(), Said{"log.retention.ms is not set for broker 1 any more"});
}

TEST_F(ConfigWatchTest, KeysWithoutEffectAreNamedOnce) {
    set(ResourceType::topic, "a", "preallocate", "true");
    set(ResourceType::topic, "b", "preallocate", "true");
    set(ResourceType::group, "g", "consumer.session.timeout.ms", "50000");
    EXPECT_EQ(follow(), (Said{"preallocate was set and is kept and has no effect yet",
                              "consumer.session.timeout.ms was set and is kept and has no effect "
                              "yet"}));
    set(ResourceType::topic, "c", "preallocate", "true");
    EXPECT_EQ(follow(), Said{});
    set(ResourceType::broker, "1", "listeners", "PLAINTEXT://:1");
    set(ResourceType::broker, "1", "plugin.password", "secret");
    EXPECT_EQ(follow(),
              (Said{"listeners is set to PLAINTEXT://:1 for broker 1",
                    "plugin.password is set to [hidden] for broker 1",
                    "listeners was set and has no effect while the broker runs: it is read from "
                    "the broker's file",
                    "plugin.password was set and is no key of this version: it is kept and "
                    "ignored"}));
}

TEST_F(ConfigWatchTest, SecretsAreNotShown) {
    set(ResourceType::broker, "1", "ssl.key.password", "secret");
    for (const std::string& line : follow())
        EXPECT_EQ(line.find("secret"), std::string::npos) << line;
}

TEST_F(ConfigWatchTest, LimitsOfConnectionsFollow) {
    follow();
    EXPECT_EQ(quota_.limits().total, 100);
    set(ResourceType::broker, "", "max.connections", "7");
    set(ResourceType::broker, "", "max.connections.per.ip", "3");
    set(ResourceType::broker, "1", "max.connections.per.ip.overrides", "127.0.0.1:5");
    follow();
    EXPECT_EQ(quota_.limits(), (server::ConnectionLimits{7, 3, {{"127.0.0.1", 5}}}));
    set(ResourceType::broker, "", "max.connections", std::nullopt);
    set(ResourceType::broker, "", "max.connections.per.ip", std::nullopt);
    set(ResourceType::broker, "1", "max.connections.per.ip.overrides", std::nullopt);
    follow();
    EXPECT_EQ(quota_.limits(), (server::ConnectionLimits{100, INT32_MAX, {}}))
        << "what the file says";
}

// A log that another program wrote may hold what nobody would accept here.
TEST_F(ConfigWatchTest, WhatIsNoLimitLeavesThemAsTheyAre) {
    set(ResourceType::broker, "", "max.connections", "many");
    EXPECT_EQ(follow(), (Said{"max.connections is set to many for all brokers",
                              "the limits of connections stay as they are: Invalid value many for "
                              "configuration max.connections: Not a number of type INT"}));
    EXPECT_EQ(follow(), Said{}) << "said once";
    EXPECT_EQ(quota_.limits().total, 100);
}

}  // namespace
}  // namespace cauce::node
