#include "server/topic_creation.h"

#include "server/controller_call.h"
#include "server/group_shard.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"

#include <utility>

namespace cauce::server {

namespace {

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

struct Created {
    CreationErrors errors;
    Offset known;  // what the controller's image shows of it
};

// On the controller's shard.
Task<Created> create(ShardServices& shard, std::set<std::string> names, MonoTime deadline) {
    Request request;
    request.timeout_ms = shard.settings.request_timeout_ms;
    for (const std::string& name : names)
        request.topics.push_back(topic_with_defaults(shard.settings, name));
    const auto heard = co_await ControllerVisit<Request, wire::CreateTopicsResponse>::run(
        shard.controller, &controller::Host::create_topics, request, deadline);
    Created created;
    created.known = heard.known;
    for (const auto& topic : heard.reply.response.topics) {
        const ErrorCode error = error_code_from_wire(topic.error_code);
        if (topic.name == kOffsetsTopic) warn_of_offsets_topic(shard, topic);
        if (error != ErrorCode::none && error != ErrorCode::topic_already_exists)
            created.errors.emplace(std::string(topic.name), error);
    }
    co_return created;
}

struct Visit {
    ShardServices* shard;
    std::set<std::string> names;
    MonoTime deadline;
    Task<Created> operator()() { return create(*shard, std::move(names), deadline); }
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

Task<CreationErrors> create_missing_topics(ShardServices& shard, std::set<std::string> names) {
    const MonoTime deadline = default_deadline(shard);
    Visit visit{shard.peers[ShardServices::kControllerShard], std::move(names), deadline};
    Created created = co_await shard.shards.on(ShardServices::kControllerShard, std::move(visit));
    co_await await_image(shard, created.known, deadline);
    co_return std::move(created.errors);
}

}  // namespace cauce::server
