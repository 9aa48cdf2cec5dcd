// For tests of verbs: settings, partition counts and log starts that can be changed, on top of
// FakeCluster. Topics know cleanup.policy and retention.ms; the broker log.retention.ms,
// num.partitions and a password.
#pragma once

#include "cli/testing/fake_cluster.h"
#include "client/admin.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"
#include "wire/messages/delete_records_request.h"
#include "wire/messages/delete_records_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli::testing {

class FakeConfigs {
public:
    explicit FakeConfigs(FakeCluster& cluster) : cluster_(cluster) {
        serve_descriptions();
        serve_changes();
    }

    // Of topics, by name and key; of the broker, set for all brokers while running.
    std::map<std::string, std::map<std::string, std::string>> topics;
    std::map<std::string, std::string> running;
    // What the broker's file says.
    std::map<std::string, std::string> file;
    // Requests that changed something, and those that only asked whether they could.
    int changes = 0;
    int validations = 0;

private:
    using Result = wire::DescribeConfigsResponse::DescribeConfigsResult;
    using Source = client::ConfigSource;
    struct Place {
        std::string name;
        std::string value;
        Source source;
    };

    client::testing::FakeBroker& broker() { return cluster_.broker; }

    void add(Result& result, const std::string& name, const std::vector<Place>& places,
             bool secret = false) {
        auto& config = result.configs.emplace_back();
        config.name = broker().keep(name);
        config.is_sensitive = secret;
        config.value.reset();
        const auto show = [&](const std::string& value) -> std::optional<std::string_view> {
            if (secret) return std::nullopt;
            return broker().keep(value);
        };
        config.config_source = static_cast<std::int8_t>(Source::default_value);
        if (!places.empty()) {
            config.value = show(places.front().value);
            config.config_source = static_cast<std::int8_t>(places.front().source);
        }
        for (const Place& place : places) {
            auto& synonym = config.synonyms.emplace_back();
            synonym.name = broker().keep(place.name);
            synonym.value = show(place.value);
            synonym.source = static_cast<std::int8_t>(place.source);
        }
    }

    // Where the broker has the key, the strongest first.
    std::vector<Place> broker_places(const std::string& key, const std::string& otherwise) const {
        std::vector<Place> places;
        if (const auto at = running.find(key); at != running.end())
            places.push_back({key, at->second, Source::dynamic_default_broker});
        if (const auto at = file.find(key); at != file.end())
            places.push_back({key, at->second, Source::static_broker});
        if (!otherwise.empty()) places.push_back({key, otherwise, Source::default_value});
        return places;
    }

    void describe_topic(Result& result, const std::string& name) {
        const auto topic_places = [&](const std::string& key, std::vector<Place> places) {
            const auto& own = topics[name];
            if (const auto at = own.find(key); at != own.end())
                places.insert(places.begin(), {key, at->second, Source::topic});
            add(result, key, places);
        };
        topic_places("cleanup.policy", {{"log.cleanup.policy", "delete", Source::default_value}});
        topic_places("retention.ms", broker_places("log.retention.ms", "604800000"));
    }

    void describe_broker(Result& result) {
        add(result, "log.retention.ms", broker_places("log.retention.ms", ""));
        add(result, "num.partitions", broker_places("num.partitions", "1"));
        add(result, "ssl.key.password", broker_places("ssl.key.password", ""), true);
    }

    void serve_descriptions() {
        using Response = wire::DescribeConfigsResponse;
        broker().on<wire::DescribeConfigsRequest, Response>(
            [this](const wire::DescribeConfigsRequest& request) {
                Response response;
                auto& result = response.results.emplace_back();
                const auto& asked = request.resources.front();
                result.resource_type = asked.resource_type;
                result.resource_name = broker().keep(std::string(asked.resource_name));
                if (asked.resource_type == static_cast<std::int8_t>(client::ConfigResource::topic))
                    describe_topic(result, std::string(asked.resource_name));
                else
                    describe_broker(result);
                return response;
            });
    }

    void serve_changes() {
        using AlterResponse = wire::IncrementalAlterConfigsResponse;
        broker().on<wire::IncrementalAlterConfigsRequest, AlterResponse>(
            [this](const wire::IncrementalAlterConfigsRequest& request) {
                ++(request.validate_only ? validations : changes);
                AlterResponse response;
                for (const auto& resource : request.resources) {
                    auto& out = response.responses.emplace_back();
                    out.resource_type = resource.resource_type;
                    out.resource_name = broker().keep(std::string(resource.resource_name));
                    for (const auto& config : resource.configs) {
                        const std::string key(config.name);
                        if (key != "cleanup.policy" && key != "retention.ms") {
                            out.error_code = to_wire(ErrorCode::invalid_config);
                            out.error_message = broker().keep("Unknown topic config name: " + key);
                        } else if (!request.validate_only) {
                            alter(topics[std::string(resource.resource_name)], key, config);
                        }
                    }
                }
                return response;
            });
        broker().on<wire::CreatePartitionsRequest, wire::CreatePartitionsResponse>(
            [this](const wire::CreatePartitionsRequest& request) {
                ++(request.validate_only ? validations : changes);
                wire::CreatePartitionsResponse response;
                for (const auto& topic : request.topics) {
                    auto& out = response.results.emplace_back();
                    const std::string name(topic.name);
                    out.name = broker().keep(name);
                    auto& leaders = cluster_.metadata.topics[name].leaders;
                    const auto count = static_cast<std::size_t>(topic.count);
                    if (count <= leaders.size()) {
                        out.error_code = to_wire(ErrorCode::invalid_partitions);
                        out.error_message = std::string_view("would not be an increase.");
                    } else if (!request.validate_only) {
                        leaders.resize(count, 1);
                    }
                }
                return response;
            });
        broker().on<wire::DeleteRecordsRequest, wire::DeleteRecordsResponse>(
            [this](const wire::DeleteRecordsRequest& request) {
                ++changes;
                wire::DeleteRecordsResponse response;
                for (const auto& topic : request.topics) {
                    auto& out = response.topics.emplace_back();
                    const std::string name(topic.name);
                    out.name = broker().keep(name);
                    for (const auto& partition : topic.partitions) {
                        auto& told = out.partitions.emplace_back();
                        told.partition_index = partition.partition_index;
                        if (topics[name]["cleanup.policy"] == "compact") {
                            told.error_code = to_wire(ErrorCode::policy_violation);
                            continue;
                        }
                        auto& log = cluster_.log.partitions[{name, partition.partition_index}];
                        log.start = partition.offset;
                        told.low_watermark = log.start;
                    }
                }
                return response;
            });
    }

    template <typename Config>
    static void alter(std::map<std::string, std::string>& own, const std::string& key,
                      const Config& config) {
        const auto operation = static_cast<client::ConfigOperation>(config.config_operation);
        const std::string value(config.value.value_or(""));
        if (operation == client::ConfigOperation::remove) {
            own.erase(key);
        } else if (operation == client::ConfigOperation::append) {
            own[key] = (own.contains(key) ? own[key] : "delete") + "," + value;
        } else {
            own[key] = value;
        }
    }

    FakeCluster& cluster_;
};

}  // namespace cauce::cli::testing
