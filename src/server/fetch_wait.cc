#include "server/fetch_wait.h"

#include "base/sim_maybe.h"
#include "replica/partition_table.h"
#include "server/shard_services.h"

#include <algorithm>
#include <memory>

namespace cauce::server {

namespace {

struct MoveWatcher final : replica::Watcher {
    explicit MoveWatcher(runtime::Event& event) : moved(event) {}
    void partition_moved() override { moved.set(); }
    runtime::Event& moved;
};

// KIP-595: where the reader's log and ours part, when its last epoch ended elsewhere here.
std::optional<replica::EpochEnd> divergence(const replica::Partition& partition,
                                            const FetchPosition& position) {
    if (position.last_fetched_epoch < 0) return std::nullopt;
    const replica::EpochEnd end = partition.end_of_epoch(LeaderEpoch{position.last_fetched_epoch});
    if (end.epoch.value < position.last_fetched_epoch || end.end.value < position.fetch_offset)
        return end;
    return std::nullopt;
}

Task<ReadAnswer> read_partition(ShardServices& shard, ReadItem item, const ReadPlan& plan,
                                std::size_t budget, bool at_least_one) {
    ReadAnswer answer;
    answer.index = item.index;
    const auto partition = shard.partitions.find(item.topic_id, item.partition);
    if (!partition || !partition->is_leader()) {
        answer.error = ErrorCode::not_leader_or_follower;
        co_return answer;
    }
    if (const auto epoch = partition->check_leader_epoch(item.position.current_leader_epoch);
        !epoch) {
        answer.error = epoch.error().code;
        co_return answer;
    }
    answer.diverging = divergence(*partition, item.position);
    replica::FetchLimits limits;
    limits.from = Offset{item.position.fetch_offset};
    limits.max_bytes =
        std::min(budget, static_cast<std::size_t>(std::max(item.position.max_bytes, 0)));
    limits.at_least_one = at_least_one;
    limits.isolation = plan.isolation;
    if (answer.diverging) limits.max_bytes = 0, limits.at_least_one = false;
    auto fetched = partition->try_read(limits);
    if (!fetched) fetched.emplace(co_await partition->read(limits));
    if (!*fetched) {
        answer.error = fetched->error().code;
        co_return answer;
    }
    answer.fetched = std::move(**fetched);
    const storage::ReadResult& records = answer.fetched.records;
    if (plan.isolation == replica::Isolation::read_committed && records.size > 0) {
        auto aborted = co_await partition->aborted_transactions(limits.from, records.next);
        if (!aborted) {
            answer.fetched = {};
            answer.error = aborted.error().code;
            co_return answer;
        }
        answer.aborted = *std::move(aborted);
    }
    partition->count_fetch(answer.fetched, plan.client);
    co_return answer;
}

Task<std::vector<ReadAnswer>> read_once(ShardServices& shard, const ReadPlan& plan) {
    std::vector<ReadAnswer> answers;
    answers.reserve(plan.items.size());
    std::size_t budget = plan.max_bytes;
    // The first batch of the first partition that has one is always sent, or a large one would stop
    // the reader for good.
    bool at_least_one = true;
    for (const ReadItem& item : plan.items) {
        ReadAnswer answer = co_await read_partition(shard, item, plan, budget, at_least_one);
        const std::size_t size = answer.fetched.records.size;
        if (size > 0) at_least_one = false;
        budget -= std::min(budget, size);
        answers.push_back(std::move(answer));
    }
    co_return answers;
}

}  // namespace

std::size_t size_of(const std::vector<ReadAnswer>& answers) {
    std::size_t bytes = 0;
    for (const ReadAnswer& answer : answers)
        bytes += answer.fetched.records.size;
    return bytes;
}

bool is_urgent(const std::vector<ReadAnswer>& answers) {
    return std::ranges::any_of(answers, [](const ReadAnswer& answer) {
        return answer.error != ErrorCode::none || answer.diverging.has_value();
    });
}

Task<std::vector<ReadAnswer>> read_partitions(ShardServices& shard, ReadPlan plan) {
    if (plan.min_bytes == 0) co_return co_await read_once(shard, plan);

    runtime::Event moved;
    bool ended = false;  // by the asker, or because the node stops
    if (plan.wait_id != 0) shard.fetch_waits.add(plan.wait_id, moved);
    runtime::Stop::Callback stopping(shard.stop, [&] {
        ended = true;
        moved.set();
    });
    std::vector<std::unique_ptr<MoveWatcher>> watchers;
    for (const ReadItem& item : plan.items) {
        if (const auto partition = shard.partitions.find(item.topic_id, item.partition)) {
            watchers.push_back(std::make_unique<MoveWatcher>(moved));
            partition->watch(*watchers.back());
        }
    }
    std::vector<ReadAnswer> answers;
    while (true) {
        answers = co_await read_once(shard, plan);
        if (size_of(answers) >= plan.min_bytes || is_urgent(answers) || ended) break;
        if (shard.shards.clock().now() >= plan.deadline) break;
        // Whatever moved while we read is in the event already.
        MonoTime wake = plan.deadline;
        if (sim_maybe("fetch.woken_early")) wake = shard.shards.clock().now();
        co_await moved.wait_until(shard.shards.timers(), wake);
        if (plan.wait_id != 0 && shard.fetch_waits.cancelled(plan.wait_id)) ended = true;
        moved.reset();
    }
    if (plan.wait_id != 0) shard.fetch_waits.remove(plan.wait_id);
    co_return answers;
}

}  // namespace cauce::server
