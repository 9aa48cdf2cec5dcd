#include "server/api/create_partitions.h"

#include "server/controller_call.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"

namespace cauce::server::api {

Task<Outcome> create_partitions(RequestContext& context) {
    wire::CreatePartitionsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const auto reply = co_await ask_controller(here, &controller::Host::create_partitions, request,
                                               deadline_in(here, request.timeout_ms));
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
