#include "server/api/sync_group.h"

#include "coordinator/responses.h"
#include "server/group_shard.h"
#include "wire/messages/sync_group_request.h"
#include "wire/messages/sync_group_response.h"

namespace cauce::server::api {

Task<Outcome> sync_group(RequestContext& context) {
    return serve_group_api<wire::SyncGroupRequest, coordinator::SyncGroupReply>(
        context, &coordinator::Host::sync_group);
}

}  // namespace cauce::server::api
