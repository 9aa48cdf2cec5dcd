#include "server/api/find_coordinator.h"

#include "coordinator/group/partition_for.h"
#include "metadata/image.h"
#include "server/group_shard.h"
#include "server/topic_creation.h"
#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"

#include <set>
#include <string>

namespace cauce::server::api {

namespace {

using Coordinator = wire::FindCoordinatorResponse::Coordinator;

enum KeyType : std::int8_t { group = 0, transaction = 1, share = 2 };

Coordinator refused(std::string_view key, ErrorCode error, std::string_view message = {}) {
    Coordinator out;
    out.key = key;
    out.node_id = -1;
    out.port = -1;
    out.error_code = to_wire(error);
    if (!message.empty()) out.error_message = message;
    return out;
}

// `image` outlives the answer, which shows names of it.
Coordinator find(const RequestContext& context, const metadata::Image& image, std::int8_t type,
                 std::string_view key) {
    if (type == transaction)
        return refused(key, ErrorCode::unsupported_version,
                       "transactions are not supported by this version of Cauce");
    if (type == share)
        return refused(key, ErrorCode::unsupported_version,
                       "share groups are not supported by this version of Cauce");
    if (type != group) return refused(key, ErrorCode::invalid_request, "unknown key type");
    const metadata::Topic* topic = image.topic(kOffsetsTopic);
    if (topic == nullptr) return refused(key, ErrorCode::coordinator_not_available);
    const std::int32_t number = coordinator::group::partition_for(key, topic->partition_count());
    const metadata::Broker* broker = image.broker(topic->partition(number).leader);
    const metadata::Endpoint* endpoint =
        broker == nullptr ? nullptr : broker->endpoint(context.listener.name);
    if (endpoint == nullptr || broker->fenced)
        return refused(key, ErrorCode::coordinator_not_available);
    Coordinator out;
    out.key = key;
    out.node_id = broker->id.value;
    out.host = endpoint->host;
    out.port = endpoint->port;
    return out;
}

}  // namespace

Task<Outcome> find_coordinator(RequestContext& context) {
    wire::FindCoordinatorRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    if (request.key_type == group && context.shard.image->topic(kOffsetsTopic) == nullptr) {
        std::set<std::string> names{std::string(kOffsetsTopic)};
        co_await create_missing_topics(context.shard, std::move(names));
    }
    const auto image = context.shard.image;
    wire::FindCoordinatorResponse response;
    if (context.version() >= 4) {
        for (std::string_view key : request.coordinator_keys)
            response.coordinators.push_back(find(context, *image, request.key_type, key));
        co_return context.reply(response);
    }
    const Coordinator one = find(context, *image, request.key_type, request.key);
    response.error_code = one.error_code;
    response.error_message = one.error_message;
    response.node_id = one.node_id;
    response.host = one.host;
    response.port = one.port;
    co_return context.reply(response);
}

}  // namespace cauce::server::api
