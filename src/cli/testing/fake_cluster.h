// For tests of verbs: a cluster of one fake broker with topics, records, groups and configuration.
#pragma once

#include "client/assignor.h"
#include "client/testing/fake_broker.h"
#include "client/testing/fake_log.h"
#include "client/testing/fake_metadata.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_groups_request.h"
#include "wire/messages/delete_groups_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/describe_cluster_request.h"
#include "wire/messages/describe_cluster_response.h"
#include "wire/messages/describe_configs_request.h"
#include "wire/messages/describe_configs_response.h"
#include "wire/messages/describe_groups_request.h"
#include "wire/messages/describe_groups_response.h"
#include "wire/messages/describe_log_dirs_request.h"
#include "wire/messages/describe_log_dirs_response.h"
#include "wire/messages/describe_topic_partitions_request.h"
#include "wire/messages/describe_topic_partitions_response.h"
#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/list_groups_response.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_response.h"
#include "wire/messages/offset_delete_request.h"
#include "wire/messages/offset_delete_response.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli::testing {

struct FakeGroupState {
    std::string state = "Stable";
    std::vector<TopicPartition> assigned;  // to its one member, unless it is Empty
    std::map<TopicPartition, std::int64_t> committed;
};

class FakeCluster {
public:
    FakeCluster(client::testing::MemoryNet& net, runtime::Shards& shards)
        : broker(net, shards, {"127.0.0.1", 9092}) {
        metadata.nodes = {{1, {"127.0.0.1", 9092}}};
        metadata.serve(broker);
        log.serve(broker, 1);
        log.serve_reads(broker, 1);
        serve_topics();
        serve_groups();
    }

    client::testing::FakeMetadata metadata;
    client::testing::FakeBroker broker;
    client::testing::FakeLog log{metadata};
    std::map<std::string, FakeGroupState> groups;
    // Somebody is in every group by the time it is to be changed.
    bool joined_meanwhile = false;
    // Of the last CreateTopics.
    std::vector<std::pair<std::string, std::string>> configs;
    // Whether the broker has limits for disks that run full: slow below 50 MiB, refused below 20.
    bool disk_limits = true;

    // `broker` has one log directory from now on, with a disk of that size.
    void serve_disk(const std::string& path, std::int64_t total_bytes, std::int64_t usable_bytes) {
        using Request = wire::DescribeLogDirsRequest;
        using Response = wire::DescribeLogDirsResponse;
        broker.on<Request, Response>([this, path, total_bytes, usable_bytes](const Request&) {
            Response response;
            auto& directory = response.results.emplace_back();
            directory.log_dir = broker.keep(path);
            directory.total_bytes = total_bytes;
            directory.usable_bytes = usable_bytes;
            return response;
        });
    }

    // `broker` tells of replicas that may become leaders, one partition at a time: 2 for partition
    // 0, and nothing of the others.
    void serve_replicas() {
        using Request = wire::DescribeTopicPartitionsRequest;
        using Response = wire::DescribeTopicPartitionsResponse;
        broker.on<Request, Response>([this](const Request& r) {
            Response response;
            const std::string name(r.topics.front().name);
            const std::int32_t number = r.cursor ? r.cursor->partition_index : 0;
            auto& topic = response.topics.emplace_back();
            topic.name = std::string_view(broker.keep(name));
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = number;
            partition.eligible_leader_replicas.emplace();
            partition.last_known_elr.emplace();
            if (number == 0) partition.eligible_leader_replicas->push_back(2);
            const bool last =
                static_cast<std::size_t>(number) + 1 == metadata.topics[name].leaders.size();
            if (last && r.topics.size() == 1) return response;
            auto& next = response.next_cursor.emplace();
            next.topic_name = last ? r.topics[1].name : std::string_view(broker.keep(name));
            next.partition_index = last ? 0 : number + 1;
            return response;
        });
    }

private:
    static constexpr std::int8_t kBrokerResource = 4;

    void serve_topics() {
        broker.on<wire::CreateTopicsRequest, wire::CreateTopicsResponse>(
            [this](const wire::CreateTopicsRequest& r) {
                wire::CreateTopicsResponse response;
                for (const auto& topic : r.topics) {
                    auto& out = response.topics.emplace_back();
                    const std::string name(topic.name);
                    out.name = broker.keep(name);
                    configs.clear();
                    for (const auto& config : topic.configs)
                        configs.emplace_back(config.name, config.value.value_or(""));
                    if (metadata.topics.contains(name)) {
                        out.error_code = to_wire(ErrorCode::topic_already_exists);
                        out.error_message = broker.keep("Topic '" + name + "' already exists.");
                    } else if (topic.replication_factor > 1) {
                        out.error_code = to_wire(ErrorCode::invalid_replication_factor);
                        out.error_message = std::string_view("There is one broker.");
                    } else {
                        const auto count = topic.num_partitions < 0 ? 1 : topic.num_partitions;
                        if (!r.validate_only) {
                            metadata.add_topic(name, std::vector<std::int32_t>(
                                                         static_cast<std::size_t>(count), 1));
                            out.topic_id = metadata.topics[name].id;
                        }
                        out.num_partitions = count;
                        out.replication_factor = 1;
                    }
                }
                return response;
            });
        broker.on<wire::DeleteTopicsRequest, wire::DeleteTopicsResponse>(
            [this](const wire::DeleteTopicsRequest& r) {
                wire::DeleteTopicsResponse response;
                for (const std::string_view topic : r.topic_names) {
                    auto& out = response.responses.emplace_back();
                    out.name = broker.keep(std::string(topic));
                    if (metadata.topics.erase(std::string(topic)) == 0)
                        out.error_code = to_wire(ErrorCode::unknown_topic_or_partition);
                }
                return response;
            });
        broker.on<wire::DescribeConfigsRequest, wire::DescribeConfigsResponse>(
            [this](const wire::DescribeConfigsRequest& r) {
                wire::DescribeConfigsResponse response;
                for (const auto& resource : r.resources) {
                    auto& result = response.results.emplace_back();
                    result.resource_type = resource.resource_type;
                    result.resource_name = broker.keep(std::string(resource.resource_name));
                    const auto add = [&](const char* name, const char* value, std::int8_t source) {
                        auto& config = result.configs.emplace_back();
                        config.name = std::string_view(name);
                        config.value = std::string_view(value);
                        config.config_source = source;
                    };
                    add("retention.ms", "1000", 1);
                    add("cleanup.policy", "delete", 5);
                    if (!disk_limits || resource.resource_type != kBrokerResource) continue;
                    add("cauce.disk.free.throttle.bytes", "52428800", 5);
                    add("cauce.disk.free.throttle.percent", "100", 5);
                    add("cauce.disk.free.refuse.bytes", "20971520", 5);
                    add("cauce.disk.free.refuse.percent", "100", 5);
                }
                return response;
            });
        broker.on<wire::DescribeClusterRequest, wire::DescribeClusterResponse>(
            [](const wire::DescribeClusterRequest&) {
                wire::DescribeClusterResponse response;
                response.cluster_id = std::string_view("fake-cluster");
                response.controller_id = 1;
                auto& node = response.brokers.emplace_back();
                node.broker_id = 1;
                node.host = std::string_view("127.0.0.1");
                node.port = 9092;
                node.rack = std::string_view("r1");
                return response;
            });
    }

    void serve_groups() {
        broker.on<wire::FindCoordinatorRequest, wire::FindCoordinatorResponse>(
            [](const wire::FindCoordinatorRequest&) {
                wire::FindCoordinatorResponse response;
                response.node_id = 1;
                response.host = std::string_view("127.0.0.1");
                response.port = 9092;
                return response;
            });
        broker.on<wire::ListGroupsRequest, wire::ListGroupsResponse>(
            [this](const wire::ListGroupsRequest&) {
                wire::ListGroupsResponse response;
                for (const auto& [name, group] : groups) {
                    auto& out = response.groups.emplace_back();
                    out.group_id = name;
                    out.protocol_type = std::string_view("consumer");
                    out.group_state = group.state;
                    out.group_type = std::string_view("classic");
                }
                return response;
            });
        broker.on<wire::DescribeGroupsRequest, wire::DescribeGroupsResponse>(
            [this](const wire::DescribeGroupsRequest& r) {
                wire::DescribeGroupsResponse response;
                auto& out = response.groups.emplace_back();
                const std::string name(r.groups.front());
                out.group_id = broker.keep(name);
                const auto found = groups.find(name);
                if (found == groups.end()) {
                    out.error_code = to_wire(ErrorCode::group_id_not_found);
                    return response;
                }
                out.group_state = found->second.state;
                out.protocol_type = std::string_view("consumer");
                out.protocol_data = std::string_view("range");
                if (found->second.state == "Empty") return response;
                auto& member = out.members.emplace_back();
                member.member_id = std::string_view("m-1");
                member.client_id = std::string_view("reader");
                member.client_host = std::string_view("/127.0.0.1");
                const Buffer share = client::encode_assignment(found->second.assigned);
                member.member_assignment =
                    wire::Bytes(as_bytes(broker.keep(std::string(as_text(share)))));
                return response;
            });
        broker.on<wire::OffsetFetchRequest, wire::OffsetFetchResponse>(
            [this](const wire::OffsetFetchRequest& r, std::int16_t, client::testing::Manner&) {
                wire::OffsetFetchResponse response;
                const auto found = groups.find(std::string(r.group_id));
                if (found == groups.end()) return response;
                for (const auto& [tp, offset] : found->second.committed) {
                    auto& topic = response.topics.emplace_back();
                    topic.name = tp.topic;
                    auto& out = topic.partitions.emplace_back();
                    out.partition_index = tp.partition;
                    out.committed_offset = offset;
                    out.metadata = std::string_view();
                }
                return response;
            },
            1, 7);
        serve_changes_of_groups();
    }

    void serve_changes_of_groups() {
        broker.on<wire::DeleteGroupsRequest, wire::DeleteGroupsResponse>(
            [this](const wire::DeleteGroupsRequest& r) {
                wire::DeleteGroupsResponse response;
                for (const std::string_view group : r.groups_names) {
                    auto& out = response.results.emplace_back();
                    const std::string name(group);
                    out.group_id = broker.keep(name);
                    const auto found = groups.find(name);
                    if (found == groups.end()) {
                        out.error_code = to_wire(ErrorCode::group_id_not_found);
                    } else if (joined_meanwhile || found->second.state != "Empty") {
                        out.error_code = to_wire(ErrorCode::non_empty_group);
                    } else {
                        groups.erase(found);
                    }
                }
                return response;
            });
        broker.on<wire::OffsetCommitRequest, wire::OffsetCommitResponse>(
            [this](const wire::OffsetCommitRequest& r, std::int16_t, client::testing::Manner&) {
                wire::OffsetCommitResponse response;
                const std::string group(r.group_id);
                if (!groups.contains(group)) groups[group].state = "Empty";
                for (const auto& topic : r.topics) {
                    auto& out = response.topics.emplace_back();
                    const std::string name(topic.name);
                    out.name = broker.keep(name);
                    for (const auto& partition : topic.partitions) {
                        auto& answered = out.partitions.emplace_back();
                        answered.partition_index = partition.partition_index;
                        const TopicPartition tp{name, partition.partition_index};
                        const ErrorCode error = refusal(groups[group], tp);
                        answered.error_code = to_wire(error);
                        if (error == ErrorCode::none)
                            groups[group].committed[tp] = partition.committed_offset;
                    }
                }
                return response;
            },
            2, 9);
        broker.on<wire::OffsetDeleteRequest, wire::OffsetDeleteResponse>(
            [this](const wire::OffsetDeleteRequest& r) {
                wire::OffsetDeleteResponse response;
                const auto group = groups.find(std::string(r.group_id));
                if (group == groups.end()) {
                    response.error_code = to_wire(ErrorCode::group_id_not_found);
                    return response;
                }
                for (const auto& topic : r.topics) {
                    auto& out = response.topics.emplace_back();
                    const std::string name(topic.name);
                    out.name = broker.keep(name);
                    for (const auto& partition : topic.partitions) {
                        auto& answered = out.partitions.emplace_back();
                        answered.partition_index = partition.partition_index;
                        group->second.committed.erase({name, partition.partition_index});
                    }
                }
                return response;
            });
    }

    ErrorCode refusal(const FakeGroupState& group, const TopicPartition& tp) const {
        if (joined_meanwhile || group.state != "Empty") return ErrorCode::unknown_member_id;
        const auto topic = metadata.topics.find(tp.topic);
        const bool exists = topic != metadata.topics.end() &&
                            static_cast<std::size_t>(tp.partition) < topic->second.leaders.size();
        return exists ? ErrorCode::none : ErrorCode::unknown_topic_or_partition;
    }
};

}  // namespace cauce::cli::testing
