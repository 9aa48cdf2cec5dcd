// For tests: what fake brokers say about their cluster.
#pragma once

#include "client/testing/fake_broker.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::client::testing {

struct FakeTopic {
    TopicId id;
    std::vector<std::int32_t> leaders;  // a partition each; -1: it has none
    std::int32_t epoch = 0;
    ErrorCode error = ErrorCode::none;
    bool is_internal = false;
};

struct FakeMetadata {
    std::map<std::int32_t, runtime::Address> nodes;
    std::map<std::string, FakeTopic> topics;
    std::string cluster_id = "fake-cluster";
    // Topics asked for that do not exist are made, as auto.create.topics.enable does.
    bool auto_create = false;
    int asked = 0;

    void add_topic(const std::string& name, std::vector<std::int32_t> leaders) {
        topics[name] = {{0xabc, topics.size() + 1}, std::move(leaders), 0, ErrorCode::none, false};
    }
    const std::string* name_of(const TopicId& id) const {
        for (const auto& [name, topic] : topics)
            if (topic.id == id) return &name;
        return nullptr;
    }

    // `broker` answers Metadata from here on.
    void serve(FakeBroker& broker, std::int16_t max = wire::MetadataRequest::kMaxVersion) {
        broker.on<wire::MetadataRequest, wire::MetadataResponse>(
            [this, &broker](const wire::MetadataRequest& request, std::int16_t version, Manner&) {
                return answer(request, version, broker);
            },
            0, max);
    }

private:
    wire::MetadataResponse answer(const wire::MetadataRequest& request, std::int16_t version,
                                  FakeBroker& broker) {
        ++asked;
        wire::MetadataResponse response;
        response.cluster_id = cluster_id;
        if (!nodes.empty()) response.controller_id = nodes.begin()->first;
        for (const auto& [id, address] : nodes) {
            auto& node = response.brokers.emplace_back();
            node.node_id = id;
            node.host = address.host;
            node.port = address.port;
        }
        std::vector<std::string> names;
        if (request.topics) {
            for (const auto& topic : *request.topics)
                names.emplace_back(topic.name.value_or(""));
        } else {
            for (const auto& [name, topic] : topics)
                names.push_back(name);
        }
        for (const std::string& name : names) {
            auto& out = response.topics.emplace_back();
            out.name = broker.keep(name);
            const auto found = topics.find(name);
            if (found == topics.end()) {
                out.error_code = to_wire(ErrorCode::unknown_topic_or_partition);
                if (auto_create && request.allow_auto_topic_creation)
                    add_topic(name, {nodes.begin()->first});
                continue;
            }
            const FakeTopic& topic = found->second;
            out.error_code = to_wire(topic.error);
            if (version >= 10) out.topic_id = topic.id;
            out.is_internal = topic.is_internal;
            for (std::size_t i = 0; i < topic.leaders.size(); ++i) {
                auto& partition = out.partitions.emplace_back();
                partition.partition_index = static_cast<std::int32_t>(i);
                partition.leader_id = topic.leaders[i];
                partition.leader_epoch = topic.epoch;
                if (topic.leaders[i] < 0)
                    partition.error_code = to_wire(ErrorCode::leader_not_available);
                for (const auto& [id, address] : nodes) {
                    partition.replica_nodes.push_back(id);
                    partition.isr_nodes.push_back(id);
                }
            }
        }
        return response;
    }
};

}  // namespace cauce::client::testing
