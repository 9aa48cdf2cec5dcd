#include "server/api/heartbeat.h"

#include "coordinator/responses.h"
#include "server/group_shard.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/heartbeat_response.h"

namespace cauce::server::api {

Task<Outcome> heartbeat(RequestContext& context) {
    return serve_group_api<wire::HeartbeatRequest, coordinator::HeartbeatReply>(
        context, &coordinator::Host::heartbeat);
}

}  // namespace cauce::server::api
