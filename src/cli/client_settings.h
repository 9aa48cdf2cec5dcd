// Client settings by Kafka's names: what -X takes.
#pragma once

#include "cli/arguments.h"
#include "cli/problem.h"
#include "client/cluster.h"
#include "client/fetcher.h"
#include "client/group_member.h"
#include "client/producer.h"

#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

struct ClientSettings {
    client::ClusterOptions cluster;
    client::ProducerOptions producer;
    client::FetchOptions fetch;
    client::GroupOptions group;
    // Of `produce`; the other commands never make a topic by asking for it.
    bool produce_creates_topics = true;
    // What was given: a command has defaults of its own for these.
    bool delivery_timeout_given = false;
    bool offset_reset_given = false;
};

struct ClientSetting {
    std::string name;
    std::string default_value;
    std::string text;
};
// By name.
std::vector<ClientSetting> client_settings();

// An unknown key, or a value it does not take, is a usage problem.
Expected<ClientSettings> read_client_settings(const std::vector<KeyValue>& settings);

}  // namespace cauce::cli
