#include "server/api/alter_partition_reassignments.h"

#include "server/controller_call.h"
#include "wire/messages/alter_partition_reassignments_request.h"
#include "wire/messages/alter_partition_reassignments_response.h"

namespace cauce::server::api {

Task<Outcome> alter_partition_reassignments(RequestContext& context) {
    wire::AlterPartitionReassignmentsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const auto reply =
        co_await ask_controller(here, &controller::Host::alter_partition_reassignments, request,
                                deadline_in(here, request.timeout_ms));
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
