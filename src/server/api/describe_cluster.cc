#include "server/api/describe_cluster.h"

#include "metadata/image.h"
#include "server/api/authorized_operations.h"
#include "wire/messages/describe_cluster_request.h"
#include "wire/messages/describe_cluster_response.h"

namespace cauce::server::api {

namespace {
// KIP-919: whom the client wants to see. Controllers describe themselves on their own listener.
constexpr std::int8_t kBrokers = 1;
}  // namespace

Task<Outcome> describe_cluster(RequestContext& context) {
    wire::DescribeClusterRequest request;
    if (!context.decode(request)) co_return Outcome::close;

    wire::DescribeClusterResponse response;
    response.endpoint_type = request.endpoint_type;
    if (request.endpoint_type != kBrokers) {
        response.error_code = to_wire(ErrorCode::mismatched_endpoint_type);
        response.error_message =
            "this is a broker listener; ask a controller listener for controllers";
        co_return context.reply(response);
    }
    const auto image = context.shard.image;
    response.cluster_id = context.shard.settings.cluster_id;
    response.controller_id = context.shard.settings.node_id.value;
    for (const auto& broker : image->brokers()) {
        if (broker->fenced && !request.include_fenced_brokers) continue;
        const auto* endpoint = broker->endpoint(context.listener.name);
        if (endpoint == nullptr) continue;
        wire::DescribeClusterResponse::DescribeClusterBroker out;
        out.broker_id = broker->id.value;
        out.host = endpoint->host;
        out.port = endpoint->port;
        out.rack = broker->rack;
        out.is_fenced = broker->fenced;
        response.brokers.push_back(out);
    }
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = kClusterOperations;
    co_return context.reply(response);
}

}  // namespace cauce::server::api
