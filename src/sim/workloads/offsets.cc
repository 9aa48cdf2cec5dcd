#include "sim/workloads/offsets.h"

#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_response.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::int16_t kFirstVersionWithIds = 10;  // both requests
constexpr std::int16_t kFirstCommitWithInstance = 7;
constexpr std::int16_t kFirstFetchOfGroups = 8;

// The name behind what an answer calls a topic; empty when the load has no such topic.
std::string name_of(const Load& load, bool by_id, std::string_view name, const TopicId& id) {
    if (!by_id) return std::string(name);
    for (const auto& [known, known_id] : load.ids)
        if (known_id == id) return known;
    return {};
}

}  // namespace

Task<std::optional<ErrorCode>> commit_offsets(BrokerClient& client, Load& load, GroupIdentity who,
                                              Offsets offsets) {
    const std::int16_t version = client.version<wire::OffsetCommitRequest>();
    const bool by_id = version >= kFirstVersionWithIds;
    wire::OffsetCommitRequest request;
    request.group_id = who.group;
    request.generation_id_or_member_epoch = who.generation;
    request.member_id = who.member;
    if (version >= kFirstCommitWithInstance && who.instance) {
        request.group_instance_id = *who.instance;
    }
    for (const auto& [name, offset] : offsets) {
        auto& topic = request.topics.emplace_back();
        if (by_id) {
            topic.topic_id = load.ids.at(name.topic);
        } else {
            topic.name = name.topic;
        }
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = name.partition;
        partition.committed_offset = offset.value;
        load.groups.committing(who.group, name, offset);
    }
    const auto answer = co_await client.ask<wire::OffsetCommitResponse>(request, version);
    if (!answer) co_return std::nullopt;
    ErrorCode first = ErrorCode::none;
    std::size_t answered = 0;
    for (const auto& topic : answer->body.topics) {
        for (const auto& partition : topic.partitions) {
            ++answered;
            const ErrorCode error = error_code_from_wire(partition.error_code);
            const TopicPartition name{name_of(load, by_id, topic.name, topic.topic_id),
                                      partition.partition_index};
            if (error == ErrorCode::none && offsets.contains(name)) {
                load.groups.committed(who.group, name, offsets.at(name));
            } else if (error == ErrorCode::none) {
                load.findings.add("OffsetCommit was answered for a partition it did not name");
            } else if (first == ErrorCode::none) {
                first = error;
            }
        }
    }
    if (answered != offsets.size()) {
        load.findings.add("OffsetCommit was not answered for every partition");
    }
    co_return first;
}

Task<std::optional<std::expected<Offsets, ErrorCode>>> fetch_offsets(
    BrokerClient& client, Load& load, std::string group, std::vector<TopicPartition> partitions) {
    using Outcome = std::optional<std::expected<Offsets, ErrorCode>>;
    const std::int16_t version = client.version<wire::OffsetFetchRequest>();
    const bool by_id = version >= kFirstVersionWithIds;
    wire::OffsetFetchRequest request;
    Offsets floors, told;
    if (version >= kFirstFetchOfGroups) {
        auto& asked = request.groups.emplace_back();
        asked.group_id = group;
        for (const TopicPartition& name : partitions) {
            auto& topic = asked.topics->emplace_back();
            if (by_id) {
                topic.topic_id = load.ids.at(name.topic);
            } else {
                topic.name = name.topic;
            }
            topic.partition_indexes.push_back(name.partition);
        }
    } else {
        request.group_id = group;
        for (const TopicPartition& name : partitions)
            request.topics->push_back({.name = name.topic, .partition_indexes = {name.partition}});
    }
    for (const TopicPartition& name : partitions)
        floors[name] = load.groups.committed_floor(group, name);

    const auto answer = co_await client.ask<wire::OffsetFetchResponse>(request, version);
    if (!answer) co_return std::nullopt;
    auto error = error_code_from_wire(answer->body.error_code);
    const auto take = [&](std::string_view topic, const TopicId& id, const auto& partition) {
        const TopicPartition name{name_of(load, by_id, topic, id), partition.partition_index};
        const ErrorCode own = error_code_from_wire(partition.error_code);
        if (own != ErrorCode::none) error = own;
        told[name] = Offset{partition.committed_offset};
    };
    for (const auto& topic : answer->body.topics)
        for (const auto& partition : topic.partitions)
            take(topic.name, TopicId(), partition);
    for (const auto& answered : answer->body.groups) {
        if (answered.error_code != 0) error = error_code_from_wire(answered.error_code);
        for (const auto& topic : answered.topics)
            for (const auto& partition : topic.partitions)
                take(topic.name, topic.topic_id, partition);
    }
    if (error != ErrorCode::none) co_return Outcome(std::unexpected(error));
    if (told.size() != partitions.size()) {
        load.findings.add("OffsetFetch was answered for " + std::to_string(told.size()) +
                          " partitions of " + std::to_string(partitions.size()));
    }
    for (const auto& [name, floor] : floors)
        load.groups.fetched(group, name, floor, told[name]);
    co_return Outcome(std::move(told));
}

}  // namespace cauce::sim
