#include "server/api/update_features.h"

#include "server/controller_call.h"
#include "wire/messages/update_features_request.h"
#include "wire/messages/update_features_response.h"

namespace cauce::server::api {

Task<Outcome> update_features(RequestContext& context) {
    wire::UpdateFeaturesRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const auto reply = co_await ask_controller(here, &controller::Host::update_features, request,
                                               deadline_in(here, request.timeout_ms));
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
