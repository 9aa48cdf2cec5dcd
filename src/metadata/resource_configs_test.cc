#include "metadata/resource_configs.h"

#include "metadata/image.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::metadata {
namespace {

std::string text_of(const Result<void>& checked) {
    if (checked) return "";
    return std::string(error_name(checked.error().code)) + ": " + checked.error().message;
}

struct BrokerCase {
    ConfigMap values;
    bool one_broker;
    // Empty: fine.
    const char* error;
};

TEST(ResourceConfigs, BrokersTakeWhatCanChangeWhileTheyRun) {
    const BrokerCase cases[] = {
        {{{"log.retention.ms", "1000"}, {"max.connections", "5"}}, false, ""},
        {{{"cordoned.log.dirs", "/a"}}, true, ""},
        {{{"plugin.of.mine", "anything"}}, false, ""},
        {{{"leader.replication.throttled.rate", "0"}}, false, ""},
        {{{"node.id", "1"}, {"log.dirs", "/a"}, {"log.retention.ms", "x"}},
         true,
         "INVALID_REQUEST: Cannot update these configs dynamically: [log.dirs, node.id]"},
        {{{"ssl.keystore.location", "/k"}},
         true,
         "INVALID_REQUEST: These security configs can be dynamically updated only per-listener "
         "using the listener prefix: [ssl.keystore.location]"},
        {{{"log.retention.ms", "x"}},
         true,
         "INVALID_REQUEST: Invalid value x for configuration log.retention.ms: Not a number of "
         "type LONG"},
        {{{"max.connections", "-1"}},
         false,
         "INVALID_REQUEST: Invalid value -1 for configuration max.connections: Value must be at "
         "least 0"},
        {{{"leader.replication.throttled.rate", "-1"}},
         true,
         "INVALID_REQUEST: Invalid value -1 for configuration leader.replication.throttled.rate: "
         "Value must be at least 0"},
        {{{"max.connections.per.ip.overrides", "127.0.0.1:5,localhost:7"}},
         true,
         "INVALID_REQUEST: Invalid value 127.0.0.1:5,localhost:7 for configuration "
         "max.connections.per.ip.overrides: `localhost:7` is no ADDRESS:NUMBER"},
        {{{"cordoned.log.dirs", "/a"}, {"listeners", "PLAINTEXT://:9092"}},
         false,
         "INVALID_REQUEST: Cannot update these configs at default cluster level, broker id must be "
         "specified: [cordoned.log.dirs, listeners]"},
        {{{"listener.name.plaintext.ssl.keystore.location", "/k"}},
         false,
         "INVALID_REQUEST: Cannot update these configs at default cluster level, broker id must be "
         "specified: [listener.name.plaintext.ssl.keystore.location]"},
    };
    for (const BrokerCase& c : cases)
        EXPECT_EQ(text_of(check_broker_configs(c.values, c.one_broker)), c.error);
}

TEST(ResourceConfigs, NothingPretendsToBeSecure) {
    EXPECT_EQ(text_of(check_broker_key_is_served("log.retention.ms")), "");
    EXPECT_EQ(text_of(check_broker_key_is_served("sasl.enabled.mechanisms")),
              "INVALID_REQUEST: sasl.enabled.mechanisms: Cauce has no SASL yet, so nobody would be "
              "asked for a password");
    EXPECT_EQ(text_of(check_broker_key_is_served("ssl.client.auth")),
              "INVALID_REQUEST: ssl.client.auth: Cauce has no TLS yet, so nothing would be "
              "encrypted");
    EXPECT_EQ(text_of(check_broker_key_is_served("listener.name.a.max.connections")),
              "INVALID_REQUEST: listener.name.a.max.connections: Cauce has no settings of single "
              "listeners yet and would ignore it");
}

struct Case {
    ConfigMap values;
    const char* error;
};

TEST(ResourceConfigs, GroupsStayWithinTheBrokersBounds) {
    const Image nothing;
    const StaticConfig file = {{"group.consumer.max.session.timeout.ms", "70000"}};
    const EffectiveConfig broker(nothing, file, NodeId{1});
    const Case cases[] = {
        {{}, ""},
        {{{"consumer.session.timeout.ms", "70000"}}, ""},
        {{{"share.auto.offset.reset", "by_duration:PT1H"}, {"streams.num.standby.replicas", "2"}},
         ""},
        {{{"consumer.session.timeout", "1"}},
         "INVALID_CONFIG: Unknown group config name: consumer.session.timeout"},
        {{{"consumer.session.timeout.ms", "x"}},
         "INVALID_CONFIG: Invalid value x for configuration consumer.session.timeout.ms: Not a "
         "number of type INT"},
        {{{"consumer.session.timeout.ms", "70001"}},
         "INVALID_CONFIG: consumer.session.timeout.ms must be in the range 45000 to 70000 "
         "inclusive."},
        {{{"streams.num.standby.replicas", "3"}},
         "INVALID_CONFIG: streams.num.standby.replicas must be less than or equal to 2"},
        {{{"streams.task.offset.interval.ms", "14999"}},
         "INVALID_CONFIG: streams.task.offset.interval.ms must be greater than or equal to 15000"},
        {{{"errors.deadletterqueue.topic.name", "__dead"}},
         "INVALID_CONFIG: errors.deadletterqueue.topic.name: DLQ topic name must not start with "
         "'__'"},
    };
    for (const Case& c : cases)
        EXPECT_EQ(text_of(check_group_configs(c.values, broker)), c.error);

    const StaticConfig wide = {{"group.consumer.max.heartbeat.interval.ms", "50000"}};
    EXPECT_EQ(text_of(check_group_configs({{"consumer.heartbeat.interval.ms", "45000"}},
                                          {nothing, wide, NodeId{1}})),
              "INVALID_CONFIG: consumer.session.timeout.ms must be greater than "
              "consumer.heartbeat.interval.ms");
}

TEST(ResourceConfigs, SubscriptionsOfClientMetricsAreChecked) {
    const Case cases[] = {
        {{{"interval.ms", "100"},
          {"metrics", "*"},
          {"match", "client_id=a.*, client_source_port=1"}},
         ""},
        {{{"intervall.ms", "100"}},
         "INVALID_REQUEST: Unknown client metrics configuration: intervall.ms"},
        {{{"interval.ms", "99"}},
         "INVALID_REQUEST: Invalid value 99 for interval.ms, interval must be between 100 and "
         "3600000 (1 hour)"},
        {{{"match", "client_id"}}, "INVALID_CONFIG: Illegal client matching pattern: client_id"},
        {{{"match", "client_id="}}, "INVALID_CONFIG: Illegal client matching pattern: client_id="},
        {{{"match", "color=red"}}, "INVALID_CONFIG: Illegal client matching pattern: color=red"},
    };
    for (const Case& c : cases)
        EXPECT_EQ(text_of(check_client_metrics_configs(c.values)), c.error);
}

TEST(ResourceConfigs, LimitsOfSingleAddresses) {
    using Limit = std::pair<std::string, std::int32_t>;
    EXPECT_EQ(parse_address_limit("127.0.0.1:200"), Limit("127.0.0.1", 200));
    EXPECT_EQ(parse_address_limit("fe80::1:3"), Limit("fe80::1", 3));
    for (const char* wrong : {"localhost:5", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:-1", ":5"})
        EXPECT_EQ(parse_address_limit(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace cauce::metadata
