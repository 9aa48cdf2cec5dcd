// The settings of a topic the controller itself acts on.
#pragma once

#include "controller/state/context.h"

#include <cstdint>
#include <string_view>

namespace cauce::controller::state {

struct TopicSettings {
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election = false;
};

inline TopicSettings topic_settings(const Context& context, std::string_view topic) {
    const metadata::EffectiveConfig config = context.config();
    TopicSettings settings;
    settings.min_insync_replicas = static_cast<std::int32_t>(
        metadata::config_integer(*config.topic_value(topic, "min.insync.replicas")));
    settings.unclean_leader_election =
        metadata::config_bool(*config.topic_value(topic, "unclean.leader.election.enable"));
    return settings;
}

}  // namespace cauce::controller::state
