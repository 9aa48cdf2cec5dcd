#include "server/topic_creation.h"

#include "controller/host.h"
#include "metadata/image.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"

#include <algorithm>

namespace cauce::server {

namespace {

constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

using Request = wire::CreateTopicsRequest;
using CreatedTopic = wire::CreateTopicsResponse::CreatableTopicResult;

Request::CreatableTopic topic_with_defaults(const Settings& settings, std::string_view name) {
    Request::CreatableTopic topic;
    topic.name = name;
    topic.num_partitions = settings.num_partitions;
    topic.replication_factor = settings.default_replication_factor;
    if (name == kOffsetsTopic) {
        topic.num_partitions = settings.offsets_topic_partitions;
        topic.replication_factor = settings.offsets_topic_replication_factor;
        topic.configs.push_back({"cleanup.policy", "compact"});
        topic.configs.push_back({"compression.type", "producer"});
        topic.configs.push_back({"segment.bytes", settings.offsets_topic_segment_bytes});
    }
    return topic;
}

// Clients are only told to try again, for ever.
void warn_of_offsets_topic(ShardServices& shard, const CreatedTopic& topic) {
    const std::string reason = offsets_topic_refusal(topic);
    if (shard.offsets_topic_refusal.is_news(reason))
        shard.log.warn("__consumer_offsets cannot be created, no group finds its coordinator: " +
                       reason);
}

// On the controller's shard.
Task<CreationErrors> create(ShardServices& shard, std::set<std::string> names, MonoTime deadline) {
    Request request;
    request.timeout_ms = shard.settings.request_timeout_ms;
    for (const std::string& name : names)
        request.topics.push_back(topic_with_defaults(shard.settings, name));
    const auto reply = co_await shard.controller.create_topics(request, deadline);
    CreationErrors errors;
    for (const auto& topic : reply.response.topics) {
        const ErrorCode error = error_code_from_wire(topic.error_code);
        if (topic.name == kOffsetsTopic) warn_of_offsets_topic(shard, topic);
        if (error != ErrorCode::none && error != ErrorCode::topic_already_exists)
            errors.emplace(std::string(topic.name), error);
    }
    co_return errors;
}

struct Visit {
    ShardServices* shard;
    std::set<std::string> names;
    MonoTime deadline;
    Task<CreationErrors> operator()() { return create(*shard, std::move(names), deadline); }
};

}  // namespace

std::string offsets_topic_refusal(const CreatedTopic& topic) {
    const ErrorCode error = error_code_from_wire(topic.error_code);
    if (error == ErrorCode::none || error == ErrorCode::topic_already_exists) return {};
    std::string reason(error_name(error));
    if (topic.error_message) reason += ": " + std::string(*topic.error_message);
    if (error == ErrorCode::invalid_replication_factor)
        reason += " (see offsets.topic.replication.factor)";
    if (error == ErrorCode::invalid_partitions) reason += " (see offsets.topic.num.partitions)";
    return reason;
}

Task<void> await_topic(ShardServices& shard, std::string name, bool present, MonoTime deadline) {
    while ((shard.image->topic(name) != nullptr) != present) {
        if (!co_await shard.image_changed.wait_until(shard.shards.timers(), deadline)) co_return;
    }
}

Task<CreationErrors> create_missing_topics(ShardServices& shard, std::set<std::string> names) {
    const MonoTime deadline =
        shard.shards.clock().now() + milliseconds(shard.settings.request_timeout_ms);
    Visit visit{shard.peers[ShardServices::kControllerShard], names, deadline};
    CreationErrors errors =
        co_await shard.shards.on(ShardServices::kControllerShard, std::move(visit));
    for (const std::string& name : names) {
        if (!errors.contains(name)) co_await await_topic(shard, name, true, deadline);
    }
    co_return errors;
}

}  // namespace cauce::server
