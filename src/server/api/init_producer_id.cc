#include "server/api/init_producer_id.h"

#include "server/producer_ids.h"
#include "wire/messages/init_producer_id_request.h"
#include "wire/messages/init_producer_id_response.h"

namespace cauce::server::api {

Task<Outcome> init_producer_id(RequestContext& context) {
    wire::InitProducerIdRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    wire::InitProducerIdResponse response;
    response.producer_epoch = -1;
    if (request.transactional_id) {
        // An empty id is refused by Kafka too. The others need transactions, and a client must not
        // wait for them.
        response.error_code =
            to_wire(request.transactional_id->empty() ? ErrorCode::invalid_request
                                                      : ErrorCode::unsupported_version);
        co_return context.reply(response);
    }
    const auto id = co_await context.shard.producer_ids.next(context.shard);
    if (!id) {
        response.error_code = to_wire(id.error().code);
        co_return context.reply(response);
    }
    response.producer_id = id->value;
    response.producer_epoch = 0;
    co_return context.reply(response);
}

}  // namespace cauce::server::api
