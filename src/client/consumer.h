// Consumer: reads topics as a member of a consumer group. It joins, reads what it is given from the
// committed positions on, commits what was processed, and leaves when it is closed. To read given
// partitions without a group, use a Fetcher.
//
// One shard; close() before destruction.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "client/admin.h"
#include "client/cluster.h"
#include "client/fetcher.h"
#include "client/group_member.h"
#include "runtime/task_group.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cauce::client {

struct ConsumerOptions {
    GroupOptions group;
    FetchOptions fetch;
    // Where to begin in a partition without a committed offset: a timestamp for list_offsets().
    std::int64_t start = kLatestOffset;
    // Told after each change of what is read here.
    std::function<void(const std::set<TopicPartition>&)> assigned;
};

class Consumer {
public:
    // Joins at once. `cluster` must outlive it.
    Consumer(Cluster& cluster, ConsumerOptions options, std::vector<std::string> topics);
    ~Consumer();

    // As Fetcher::next(). Errors are for good.
    runtime::Task<Result<std::optional<FetchedRecords>>> next(MonoTime deadline);

    // Everything of `fetched` below `next` is done with: this is what gets committed.
    void processed(const FetchedRecords& fetched, Offset next);
    // Commits what was processed since the last time.
    runtime::Task<Result<void>> commit(MonoTime deadline);

    // Ends next(); close() then has something to commit to.
    void stop() { fetcher_.stop(); }
    // Commits, leaves the group, and waits for what runs; the first two until `deadline`.
    runtime::Task<Result<void>> close(MonoTime deadline);

    const std::set<TopicPartition>& assignment() const { return owned_; }

private:
    runtime::Task<void> membership_loop();
    // Reads what was given. True when the group has to be joined again: something was given up.
    runtime::Task<Result<bool>> apply(std::vector<TopicPartition> given);
    // Until the group wants everybody to join again.
    runtime::Task<Result<void>> stay();
    runtime::Task<Result<void>> begin_reading(std::vector<TopicPartition> partitions);
    runtime::Task<bool> topics_changed();
    void give_up(const std::set<TopicPartition>& partitions);
    void fail_for_good(Error error);
    MonoTime soon() const;

    // Constant after construction.
    Cluster& cluster_;
    runtime::Shards& shards_;
    ConsumerOptions options_;
    std::vector<std::string> topics_;

    GroupMember member_;
    Fetcher fetcher_;
    std::set<TopicPartition> owned_;
    std::map<TopicPartition, Position> processed_;  // and not committed
    MonoTime next_commit_;
    MonoTime next_topic_check_;
    std::optional<Error> failure_;
    runtime::Stop closing_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::client
