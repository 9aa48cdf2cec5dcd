#include "server/api/metadata.h"

#include "metadata/image.h"
#include "server/api/authorized_operations.h"
#include "server/replica_view.h"
#include "server/topic_creation.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"

#include <set>
#include <string>

namespace cauce::server::api {

namespace {

using Response = wire::MetadataResponse;

Response::MetadataResponsePartition describe(const cauce::metadata::Image& image,
                                             const cauce::metadata::Partition& partition,
                                             std::int32_t index, std::string_view listener) {
    Response::MetadataResponsePartition out;
    out.partition_index = index;
    out.leader_id = reachable_leader(image, partition, listener).value;
    out.leader_epoch = partition.leader_epoch.value;
    out.replica_nodes = node_numbers(partition.replicas);
    out.isr_nodes = node_numbers(partition.isr);
    out.offline_replicas = offline_replicas(image, partition, listener);
    if (out.leader_id == cauce::metadata::kNoLeader.value)
        out.error_code = to_wire(ErrorCode::leader_not_available);
    return out;
}

Response::MetadataResponseTopic describe(const cauce::metadata::Image& image,
                                         const cauce::metadata::Topic& topic,
                                         std::string_view listener, bool authorized_operations) {
    Response::MetadataResponseTopic out;
    out.name = topic.name();
    out.topic_id = topic.id();
    out.is_internal = cauce::metadata::is_internal_topic(topic.name());
    out.partitions.reserve(static_cast<std::size_t>(topic.partition_count()));
    for (std::int32_t i = 0; i < topic.partition_count(); ++i)
        out.partitions.push_back(describe(image, topic.partition(i), i, listener));
    if (authorized_operations) out.topic_authorized_operations = kTopicOperations;
    return out;
}

Response::MetadataResponseTopic missing(std::optional<std::string_view> name, TopicId id,
                                        ErrorCode error) {
    Response::MetadataResponseTopic out;
    out.name = name;
    out.topic_id = id;
    out.error_code = to_wire(error);
    return out;
}

// The topics that were asked for by name and are not there.
std::set<std::string> missing_names(const cauce::metadata::Image& image,
                                    const wire::MetadataRequest& request) {
    std::set<std::string> names;
    if (!request.topics) return names;
    for (const auto& topic : *request.topics) {
        if (topic.name && image.topic(*topic.name) == nullptr) names.emplace(*topic.name);
    }
    return names;
}

}  // namespace

Task<Outcome> metadata(RequestContext& context) {
    wire::MetadataRequest request;
    if (!context.decode(request)) co_return Outcome::close;

    // Version 0 has no null: an empty list asks for all topics.
    const bool all = !request.topics || (context.version() == 0 && request.topics->empty());
    // Before version 4 there was no asking: a topic was made when the broker made topics.
    const bool may_create = context.shard.settings.auto_create_topics &&
                            (context.version() < 4 || request.allow_auto_topic_creation);
    CreationErrors creation_errors;
    if (may_create && !all) {
        std::set<std::string> names = missing_names(*context.shard.image, request);
        if (!names.empty())
            creation_errors = co_await create_missing_topics(context.shard, std::move(names));
    }

    const auto image = context.shard.image;
    Response response;
    response.cluster_id = context.shard.settings.cluster_id;
    // Any broker passes requests on to the controller.
    response.controller_id = context.shard.settings.node_id.value;
    for (const auto& broker : image->brokers()) {
        if (broker->fenced) continue;
        const auto* endpoint = broker->endpoint(context.listener.name);
        if (endpoint == nullptr) continue;
        Response::MetadataResponseBroker out;
        out.node_id = broker->id.value;
        out.host = endpoint->host;
        out.port = endpoint->port;
        out.rack = broker->rack;
        response.brokers.push_back(out);
    }
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = kClusterOperations;

    const std::string_view listener = context.listener.name;
    const bool operations = request.include_topic_authorized_operations;
    if (all) {
        for (const auto& topic : image->topics())
            response.topics.push_back(describe(*image, *topic, listener, operations));
        co_return context.reply(response);
    }
    for (const auto& asked : *request.topics) {
        if (!asked.name) {
            const auto* topic = image->topic(asked.topic_id);
            // A null name needs version 12; 10 and 11 carry ids in answers only.
            if (context.version() < 12) {
                response.topics.push_back(missing("", asked.topic_id, ErrorCode::invalid_request));
            } else if (topic == nullptr) {
                response.topics.push_back(
                    missing(std::nullopt, asked.topic_id, ErrorCode::unknown_topic_id));
            } else {
                response.topics.push_back(describe(*image, *topic, listener, operations));
            }
            continue;
        }
        if (const auto* topic = image->topic(*asked.name)) {
            response.topics.push_back(describe(*image, *topic, listener, operations));
            continue;
        }
        const auto error = creation_errors.find(*asked.name);
        response.topics.push_back(missing(asked.name, {},
                                          error == creation_errors.end()
                                              ? ErrorCode::unknown_topic_or_partition
                                              : error->second));
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
