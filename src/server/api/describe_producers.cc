#include "server/api/describe_producers.h"

#include "controller/state/topic_name.h"
#include "server/partition_round.h"
#include "wire/messages/describe_producers_request.h"
#include "wire/messages/describe_producers_response.h"

#include <vector>

namespace cauce::server::api {

namespace {

using Response = wire::DescribeProducersResponse;
using Producers = std::vector<storage::ProducerState::Producer>;

struct Question {};

// Of any replica: a follower remembers them too.
Task<Result<Producers>> list(replica::Partition& partition, Question) {
    const auto producers = partition.log().producers().producers();
    co_return Producers(producers.begin(), producers.end());
}

Response::ProducerState describe(const storage::ProducerState::Producer& producer) {
    Response::ProducerState out;
    out.producer_id = producer.id.value;
    out.producer_epoch = producer.epoch;
    out.last_sequence = producer.last_sequence();
    out.last_timestamp = producer.last_timestamp;
    out.coordinator_epoch = producer.coordinator_epoch;
    out.current_txn_start_offset = producer.transaction_start.value;
    return out;
}

}  // namespace

Task<Outcome> describe_producers(RequestContext& context) {
    wire::DescribeProducersRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    PartitionRound<Question, Producers> round(context.shard, list);
    for (const auto& topic : request.topics) {
        const auto named = controller::state::check_topic_name(topic.name);
        for (const std::int32_t partition : topic.partition_indexes) {
            if (named) {
                round.ask(topic.name, partition, Question());
            } else {
                round.refuse(named.error());
            }
        }
    }
    const auto answers = co_await round.answers();

    Response response;
    auto answer = answers.begin();
    for (const auto& topic : request.topics) {
        Response::TopicResponse& out = response.topics.emplace_back();
        out.name = topic.name;
        for (const std::int32_t partition : topic.partition_indexes) {
            const auto& producers = *answer++;
            Response::PartitionResponse& told = out.partitions.emplace_back();
            told.partition_index = partition;
            if (!producers) {
                told.error_code = to_wire(producers.error().code);
                if (!producers.error().message.empty())
                    told.error_message = producers.error().message;
                continue;
            }
            for (const auto& producer : *producers)
                told.active_producers.push_back(describe(producer));
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
