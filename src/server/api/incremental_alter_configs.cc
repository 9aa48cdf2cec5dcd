#include "server/api/incremental_alter_configs.h"

#include "server/controller_call.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"

namespace cauce::server::api {

Task<Outcome> incremental_alter_configs(RequestContext& context) {
    wire::IncrementalAlterConfigsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const auto reply = co_await ask_controller(here, &controller::Host::incremental_alter_configs,
                                               request, default_deadline(here));
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
