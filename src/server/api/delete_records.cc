#include "server/api/delete_records.h"

#include "base/mutant.h"
#include "server/log_starts.h"
#include "server/partition_round.h"
#include "wire/messages/delete_records_request.h"
#include "wire/messages/delete_records_response.h"

#include <algorithm>
#include <string>
#include <vector>

namespace cauce::server::api {

namespace {

using Response = wire::DeleteRecordsResponse;
using Answer = Result<replica::RecordsDeleted>;

constexpr std::int64_t kNoLowWatermark = -1;

Task<Answer> delete_in(replica::Partition& partition, Offset before) {
    const std::string& topic = partition.name().topic;
    if (metadata::is_internal_topic(topic)) {
        co_return fail(ErrorCode::invalid_topic_exception,
                       "Cannot delete records of internal topic " + topic);
    }
    co_return partition.delete_records(before);
}

// On kControllerShard.
struct KeepStarts {
    ShardServices* there;
    Task<Result<void>> operator()() { return there->log_starts.keep(); }
};

// Deleted records must not come back: in `flush` mode nobody is told before the device knows.
Task<void> keep_starts(ShardServices& here, std::vector<Answer>& answers) {
    const auto waits = [](const Answer& answer) { return answer && answer->start_to_be_kept; };
    if (std::ranges::none_of(answers, waits) || CAUCE_MUTANT("log-start-not-kept")) co_return;
    KeepStarts keep{here.peers[ShardServices::kControllerShard]};
    const auto kept = co_await here.shards.on(ShardServices::kControllerShard, std::move(keep));
    if (kept) co_return;
    for (Answer& answer : answers) {
        if (waits(answer)) answer = std::unexpected(kept.error());
    }
}

}  // namespace

Task<Outcome> delete_records(RequestContext& context) {
    wire::DeleteRecordsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    PartitionRound<Offset, replica::RecordsDeleted> round(context.shard, delete_in);
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions)
            round.ask(topic.name, partition.partition_index, Offset{partition.offset});
    }
    // request.timeout_ms is how long to wait for the other replicas; there are none.
    auto answers = co_await round.answers();
    co_await keep_starts(context.shard, answers);

    Response response;
    auto answer = answers.begin();
    for (const auto& topic : request.topics) {
        Response::DeleteRecordsTopicResult& out = response.topics.emplace_back();
        out.name = topic.name;
        for (const auto& partition : topic.partitions) {
            const Answer& deleted = *answer++;
            Response::DeleteRecordsPartitionResult& told = out.partitions.emplace_back();
            told.partition_index = partition.partition_index;
            told.low_watermark = deleted ? deleted->low_watermark.value : kNoLowWatermark;
            if (!deleted) told.error_code = to_wire(deleted.error().code);
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
