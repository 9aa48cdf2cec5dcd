#include "server/api/create_topics.h"

#include "server/controller_call.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"

namespace cauce::server::api {

Task<Outcome> create_topics(RequestContext& context) {
    wire::CreateTopicsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const auto reply = co_await ask_controller(here, &controller::Host::create_topics, request,
                                               deadline_in(here, request.timeout_ms));
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
