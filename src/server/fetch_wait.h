// A long poll on one shard: reads partitions, and when they hold too little waits until one of them
// moves, the deadline comes, or the asker has heard enough from another shard.
#pragma once

#include "base/error_code.h"
#include "live/counters.h"
#include "replica/partition.h"
#include "runtime/event.h"
#include "server/fetch_session.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace cauce::server {

struct ShardServices;
using runtime::Task;

// One partition to read. Crosses shards by value.
struct ReadItem {
    std::size_t index = 0;  // the asker's
    TopicId topic_id;
    std::int32_t partition = 0;
    FetchPosition position;
};

struct ReadAnswer {
    std::size_t index = 0;
    ErrorCode error = ErrorCode::none;
    replica::Fetched fetched;
    // For read_committed: those that ended in what was read, or later.
    std::vector<storage::AbortedTransaction> aborted;
    std::optional<replica::EpochEnd> diverging;
};

struct ReadPlan {
    std::vector<ReadItem> items;
    std::size_t max_bytes = 0;
    // Wait until this much is there, or until the deadline; 0 = do not wait.
    std::size_t min_bytes = 0;
    MonoTime deadline;
    replica::Isolation isolation = replica::Isolation::read_uncommitted;
    live::ClientToken client = 0;
    std::uint64_t wait_id = 0;  // for cancel_read(); 0 = nobody will
};

// On the shard that owns all of the plan's partitions.
Task<std::vector<ReadAnswer>> read_partitions(ShardServices& shard, ReadPlan plan);

// Bytes in all answers together.
std::size_t size_of(const std::vector<ReadAnswer>& answers);
// True when waiting longer would not help: an error or a divergence must be told.
bool is_urgent(const std::vector<ReadAnswer>& answers);

// The waits of one shard that somebody on another shard may end early.
class FetchWaits {
public:
    void add(std::uint64_t id, runtime::Event& wake) { waits_[id] = {&wake, false}; }
    void remove(std::uint64_t id) { waits_.erase(id); }
    void cancel(std::uint64_t id) {
        const auto found = waits_.find(id);
        if (found == waits_.end()) return;  // it has ended by itself
        found->second.cancelled = true;
        found->second.wake->set();
    }
    bool cancelled(std::uint64_t id) const {
        const auto found = waits_.find(id);
        return found != waits_.end() && found->second.cancelled;
    }

private:
    struct Wait {
        runtime::Event* wake = nullptr;
        bool cancelled = false;
    };
    std::unordered_map<std::uint64_t, Wait> waits_;
};

}  // namespace cauce::server
