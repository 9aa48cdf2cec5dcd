#include "server/api/join_group.h"

#include "coordinator/responses.h"
#include "server/group_shard.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/join_group_response.h"

namespace cauce::server::api {

Task<Outcome> join_group(RequestContext& context) {
    return serve_group_api<wire::JoinGroupRequest, coordinator::JoinGroupReply>(
        context, &coordinator::Host::join_group);
}

}  // namespace cauce::server::api
