#include "metadata/config_effects.h"

#include <gtest/gtest.h>

namespace cauce::metadata {
namespace {

struct Case {
    ConfigScope scope;
    const char* key;
    ConfigEffect effect;
};

constexpr Case kCases[] = {
    {ConfigScope::topic, "retention.ms", ConfigEffect::at_once},
    {ConfigScope::topic, "internal.segment.bytes", ConfigEffect::at_once},
    {ConfigScope::topic, "preallocate", ConfigEffect::none},
    {ConfigScope::topic, "remote.storage.enable", ConfigEffect::none},
    {ConfigScope::broker, "log.retention.ms", ConfigEffect::at_once},
    {ConfigScope::broker, "log.retention.hours", ConfigEffect::at_start},
    {ConfigScope::broker, "max.connections", ConfigEffect::at_once},
    {ConfigScope::broker, "message.max.bytes", ConfigEffect::at_once},
    {ConfigScope::broker, "listeners", ConfigEffect::at_start},
    {ConfigScope::broker, "num.io.threads", ConfigEffect::none},
    {ConfigScope::broker, "log.preallocate", ConfigEffect::none},
    {ConfigScope::broker, "ssl.keystore.location", ConfigEffect::refused},
    {ConfigScope::broker, "authorizer.class.name", ConfigEffect::refused},
    {ConfigScope::group, "consumer.session.timeout.ms", ConfigEffect::none},
    {ConfigScope::client_metrics, "match", ConfigEffect::none},
};

TEST(ConfigEffects, TellWhatAChangeDoes) {
    for (const Case& c : kCases)
        EXPECT_EQ(config_effect(c.scope, c.key), c.effect) << c.key;
}

TEST(ConfigEffects, WhatIsRefusedSaysWhy) {
    EXPECT_TRUE(why_refused("sasl.enabled.mechanisms").contains("no SASL"));
    EXPECT_TRUE(
        why_refused("listener.name.plaintext.ssl.client.auth").contains("single listeners"));
    EXPECT_EQ(why_refused("log.retention.ms"), "");
}

TEST(ConfigEffects, WhatIsFollowedWhileRunningCanBeSetWhileRunning) {
    int followed = 0;
    for (const ConfigKey& key : config_keys(ConfigScope::broker)) {
        if (config_effect(ConfigScope::broker, key.name) != ConfigEffect::at_once) continue;
        ++followed;
        EXPECT_NE(key.update_mode, UpdateMode::read_only) << key.name;
    }
    EXPECT_GT(followed, 20);
}

}  // namespace
}  // namespace cauce::metadata
