#include "controller/state/producer_ids.h"

#include "base/mutant.h"
#include "controller/state/brokers.h"
#include "wire/messages/allocate_producer_ids_request.h"
#include "wire/messages/allocate_producer_ids_response.h"
#include "wire/messages/producer_ids_record.h"

#include <algorithm>
#include <limits>

namespace cauce::controller::state {

Outcome<wire::AllocateProducerIdsResponse> allocate_producer_ids(
    const Context& context, const wire::AllocateProducerIdsRequest& request) {
    Outcome<wire::AllocateProducerIdsResponse> outcome;
    auto& response = outcome.reply.response;
    const NodeId broker{request.broker_id};
    if (const auto current = check_broker_epoch(context.image, broker, request.broker_epoch);
        !current) {
        response.error_code = to_wire(current.error().code);
        outcome.reply.refused = current.error().message;
        return outcome;
    }
    const std::int64_t first = std::max<std::int64_t>(0, context.image.next_producer_id());
    if (first > std::numeric_limits<std::int64_t>::max() - kProducerIdBlockSize) {
        response.error_code = to_wire(ErrorCode::unknown_server_error);
        return outcome;
    }
    wire::ProducerIdsRecord record;
    record.broker_id = request.broker_id;
    record.broker_epoch = request.broker_epoch;
    record.next_producer_id = first + kProducerIdBlockSize;
    if (CAUCE_MUTANT("producer-ids-given-twice")) record.next_producer_id = first;
    outcome.records.add(record);
    response.producer_id_start = first;
    response.producer_id_len = kProducerIdBlockSize;
    return outcome;
}

}  // namespace cauce::controller::state
