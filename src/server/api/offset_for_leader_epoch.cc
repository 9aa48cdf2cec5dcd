#include "server/api/offset_for_leader_epoch.h"

#include "server/partition_round.h"
#include "wire/messages/offset_for_leader_epoch_request.h"
#include "wire/messages/offset_for_leader_epoch_response.h"

#include <vector>

namespace cauce::server::api {

namespace {

using Response = wire::OffsetForLeaderEpochResponse;

struct Question {
    std::int32_t current_leader_epoch = -1;
    LeaderEpoch epoch;
};

Task<Result<replica::EpochEnd>> find(replica::Partition& partition, Question question) {
    CO_RETURN_IF_ERROR(partition.check_leads(question.current_leader_epoch));
    co_return partition.end_of_epoch(question.epoch);
}

}  // namespace

Task<Outcome> offset_for_leader_epoch(RequestContext& context) {
    wire::OffsetForLeaderEpochRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    PartitionRound<Question, replica::EpochEnd> round(context.shard, find);
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            Question question;
            question.current_leader_epoch = partition.current_leader_epoch;
            question.epoch = LeaderEpoch{partition.leader_epoch};
            round.ask(topic.topic, partition.partition, question);
        }
    }
    const auto answers = co_await round.answers();

    Response response;
    auto answer = answers.begin();
    for (const auto& topic : request.topics) {
        Response::OffsetForLeaderTopicResult& out = response.topics.emplace_back();
        out.topic = topic.topic;
        for (const auto& partition : topic.partitions) {
            const auto& end = *answer++;
            Response::EpochEndOffset& told = out.partitions.emplace_back();
            told.partition = partition.partition;
            if (end) {
                told.leader_epoch = end->epoch.value;
                told.end_offset = end->end.value;
            } else {
                told.error_code = to_wire(end.error().code);
            }
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
