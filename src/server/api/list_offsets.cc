#include "server/api/list_offsets.h"

#include "server/partition_round.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"

#include <vector>

namespace cauce::server::api {

namespace {

constexpr std::int16_t kFirstVersionWithEpochs = 4;

using Answer = wire::ListOffsetsResponse::ListOffsetsPartitionResponse;

struct Question {
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;
    replica::Isolation isolation = replica::Isolation::read_uncommitted;
};

Task<Result<storage::TimestampOffset>> find(replica::Partition& partition, Question question) {
    CO_RETURN_IF_ERROR(partition.check_leads(question.current_leader_epoch));
    co_return co_await partition.list_offset(question.timestamp, question.isolation);
}

// The lowest version that knows a special timestamp; an older client means an ordinary one by it,
// and there is none below 0.
std::int16_t first_version_of(std::int64_t timestamp) {
    switch (timestamp) {
        case replica::kMaxTimestamp:
            return 7;
        case replica::kEarliestLocal:
            return 8;
        case replica::kLatestTiered:
            return 9;
        case replica::kEarliestPendingUpload:
            return 11;
        default:
            return 0;
    }
}

}  // namespace

Task<Outcome> list_offsets(RequestContext& context) {
    wire::ListOffsetsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    Question question;
    question.isolation = request.isolation_level == 1 ? replica::Isolation::read_committed
                                                      : replica::Isolation::read_uncommitted;
    PartitionRound<Question, storage::TimestampOffset> round(context.shard, find);
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            if (context.version() < first_version_of(partition.timestamp)) {
                round.refuse({ErrorCode::unsupported_version, {}});
                continue;
            }
            question.current_leader_epoch = partition.current_leader_epoch;
            question.timestamp = partition.timestamp;
            round.ask(topic.name, partition.partition_index, question);
        }
    }
    const auto answers = co_await round.answers();

    wire::ListOffsetsResponse response;
    auto answer = answers.begin();
    for (const auto& topic : request.topics) {
        auto& out = response.topics.emplace_back();
        out.name = topic.name;
        for (const auto& partition : topic.partitions) {
            const auto& found = *answer++;
            Answer& told = out.partitions.emplace_back();
            told.partition_index = partition.partition_index;
            if (!found) {
                told.error_code = to_wire(found.error().code);
                continue;
            }
            told.timestamp = found->timestamp;
            told.offset = found->offset.value;
            if (context.version() >= kFirstVersionWithEpochs)
                told.leader_epoch = found->leader_epoch.value;
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
