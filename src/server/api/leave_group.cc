#include "server/api/leave_group.h"

#include "coordinator/responses.h"
#include "server/group_shard.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/leave_group_response.h"

namespace cauce::server::api {

Task<Outcome> leave_group(RequestContext& context) {
    return serve_group_api<wire::LeaveGroupRequest, coordinator::LeaveGroupReply>(
        context, &coordinator::Host::leave_group);
}

}  // namespace cauce::server::api
