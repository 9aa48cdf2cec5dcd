#include "server/api/list_offsets.h"

#include "metadata/image.h"
#include "replica/partition_table.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"

#include <algorithm>
#include <vector>

namespace cauce::server::api {

namespace {

constexpr std::int16_t kFirstVersionWithEpochs = 4;

using Answer = wire::ListOffsetsResponse::ListOffsetsPartitionResponse;

struct Question {
    TopicId topic_id;
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;
    std::int32_t replica_id = -1;
    replica::Isolation isolation = replica::Isolation::read_uncommitted;
};

Task<Result<storage::TimestampOffset>> find_here(ShardServices& shard, Question question) {
    const auto partition = shard.partitions.find(question.topic_id, question.partition);
    if (!partition || !partition->is_leader()) co_return fail(ErrorCode::not_leader_or_follower);
    CO_RETURN_IF_ERROR(partition->check_leader_epoch(question.current_leader_epoch));
    co_return co_await partition->list_offset(question.timestamp, question.isolation);
}

struct Visit {
    ShardServices* shard;
    Question question;
    Task<Result<storage::TimestampOffset>> operator()() { return find_here(*shard, question); }
};

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

Task<Answer> find(RequestContext& context, std::string_view topic, Question question) {
    Answer answer;
    answer.partition_index = question.partition;
    const metadata::Topic* known = context.shard.image->topic(topic);
    ErrorCode error = ErrorCode::none;
    if (known == nullptr || known->find(question.partition) == nullptr) {
        error = ErrorCode::unknown_topic_or_partition;
    } else if (context.version() < first_version_of(question.timestamp)) {
        error = ErrorCode::unsupported_version;
    }
    if (error == ErrorCode::none) {
        question.topic_id = known->id();
        const unsigned shard =
            replica::shard_of(known->id(), question.partition, context.shard.shards.count());
        Visit visit{context.shard.peers[shard], question};
        const auto found = co_await context.shard.shards.on(shard, std::move(visit));
        if (found) {
            answer.timestamp = found->timestamp;
            answer.offset = found->offset.value;
            if (context.version() >= kFirstVersionWithEpochs)
                answer.leader_epoch = found->leader_epoch.value;
        } else {
            error = found.error().code;
        }
    }
    answer.error_code = to_wire(error);
    co_return answer;
}

}  // namespace

Task<Outcome> list_offsets(RequestContext& context) {
    wire::ListOffsetsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    wire::ListOffsetsResponse response;
    for (const auto& topic : request.topics) {
        response.topics.emplace_back();
        response.topics.back().name = topic.name;
        for (const auto& partition : topic.partitions) {
            Question question;
            question.partition = partition.partition_index;
            question.current_leader_epoch = partition.current_leader_epoch;
            question.timestamp = partition.timestamp;
            question.replica_id = request.replica_id;
            question.isolation = request.isolation_level == 1
                                     ? replica::Isolation::read_committed
                                     : replica::Isolation::read_uncommitted;
            Answer answer = co_await find(context, topic.name, question);
            response.topics.back().partitions.push_back(std::move(answer));
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
