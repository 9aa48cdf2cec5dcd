#include "sim/workloads/topic_settings.h"

#include "wire/messages/describe_configs_request.h"
#include "wire/messages/describe_configs_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace cauce::sim {

using runtime::Task;

namespace {

// How soon segments roll: something that changes what happens.
constexpr std::string_view kKey = "segment.ms";
constexpr std::int64_t kSecond = 1000;
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kSet = 0;
constexpr Duration kTimeToHear = seconds(5);

}  // namespace

Task<void> TopicSettings::run() {
    for (const TopicSpec& topic : topics_)
        load_.settings.has(topic.name, std::string(kKey), topic.config.at(std::string(kKey)));
    std::uint64_t& progress = load_.take_part("settings");
    bool looked = false;
    while (!load_.over() && !(load_.draining && looked)) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        bool usable = client != nullptr;
        while (usable && !load_.over()) {
            co_await rest(seams_, load_, milliseconds(1500));
            if (load_.draining) {
                looked = co_await look(*client);
                break;
            }
            const bool change = seams_.shards.random().one_in(2);
            if (change) {
                usable = co_await alter(*client);
            } else {
                usable = co_await look(*client);
            }
            if (usable) ++progress;
        }
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

bool TopicSettings::judge(const char* request, ErrorCode error) {
    if (error == ErrorCode::none) return true;
    ++load_.retries;
    if (!load_.may_come_again(error))
        load_.findings.add(std::string(request) + ": " + std::string(error_name(error)));
    return false;
}

Task<bool> TopicSettings::alter(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    const TopicSpec& topic = topics_[random.below(topics_.size())];
    const std::string key(kKey);
    const std::string value = std::to_string(random.between(1, 1000) * kSecond + next_value_++);
    wire::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = kTopicResource;
    resource.resource_name = topic.name;
    auto& config = resource.configs.emplace_back();
    config.name = key;
    config.config_operation = kSet;
    config.value = value;
    load_.settings.altering(topic.name, key, value);
    const std::int16_t version = client.version<wire::IncrementalAlterConfigsRequest>();
    const auto answer =
        co_await client.ask<wire::IncrementalAlterConfigsResponse>(request, version);
    if (!answer) co_return false;
    if (answer->body.responses.size() != 1) {
        load_.findings.add("IncrementalAlterConfigs was not answered for its topic");
        co_return false;
    }
    const ErrorCode error = error_code_from_wire(answer->body.responses[0].error_code);
    if (!judge("IncrementalAlterConfigs", error)) co_return false;
    load_.settings.altered(topic.name, key, value);
    co_return true;
}

Task<bool> TopicSettings::look(BrokerClient& client) {
    for (const TopicSpec& topic : topics_) {
        const bool seen = co_await look_at(client, topic.name);
        if (!seen) co_return false;
    }
    co_return true;
}

Task<bool> TopicSettings::look_at(BrokerClient& client, std::string topic) {
    const std::string key(kKey);
    const MonoTime deadline = seams_.shards.clock().now() + kTimeToHear;
    const std::int16_t version = client.version<wire::DescribeConfigsRequest>();
    while (true) {
        wire::DescribeConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = kTopicResource;
        resource.resource_name = topic;
        resource.configuration_keys.emplace().push_back(key);
        const auto answer = co_await client.ask<wire::DescribeConfigsResponse>(request, version);
        if (!answer) co_return false;
        const auto& results = answer->body.results;
        const bool complete =
            results.size() == 1 && (results[0].error_code != 0 || results[0].configs.size() == 1);
        if (!complete) {
            load_.findings.add("DescribeConfigs was not answered for its topic and key");
            co_return false;
        }
        if (!judge("DescribeConfigs", error_code_from_wire(results[0].error_code))) co_return false;
        const std::string value(results[0].configs[0].value.value_or(""));
        if (load_.settings.may_have(topic, key, value)) co_return true;
        if (seams_.shards.clock().now() > deadline) {
            load_.settings.told(topic, key, value);
            co_return false;
        }
        co_await pause(seams_, milliseconds(200));
    }
}

}  // namespace cauce::sim
