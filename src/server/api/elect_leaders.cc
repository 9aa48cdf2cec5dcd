#include "server/api/elect_leaders.h"

#include "server/controller_call.h"
#include "wire/messages/elect_leaders_request.h"
#include "wire/messages/elect_leaders_response.h"

namespace cauce::server::api {

Task<Outcome> elect_leaders(RequestContext& context) {
    wire::ElectLeadersRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    auto reply = co_await ask_controller(here, &controller::Host::elect_leaders, request,
                                         deadline_in(here, request.timeout_ms));
    // Version 0 has errors of partitions only.
    if (context.version() == 0) reply.response.error_code = 0;
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
