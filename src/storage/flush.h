// Flush rounds (D11): a round takes everything dirtied since the last one and issues all flushes
// together; what is dirtied meanwhile gathers for the next. So the more writers wait, the more
// share a flush, and nobody waits for more than two.
//
// One Flusher for each log directory and shard, owned by DirectoryShard. A failed flush is never
// repeated: it takes the directory offline (D20), and everyone who waits is told. A flush that has
// to write something first, and meets a full disk there, has not failed: it comes again in a round
// some moments later.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "runtime/shards.h"
#include "runtime/task.h"
#include "runtime/task_group.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace cauce::storage {

class Flusher;

// How a flush ended that did not fail.
enum class Flushed : std::uint8_t {
    all,
    // A file that goes along found no room. Everything that was written before stands as it was,
    // and none of it counts as flushed yet.
    later,
};

// Something a round flushes. A log is one; so is any other file of the directory whose owner wants
// to share rounds.
class Flushable {
public:
    Flushable(const Flushable&) = delete;
    Flushable& operator=(const Flushable&) = delete;

protected:
    Flushable() = default;
    // Leaves the rounds it stands in.
    ~Flushable();

private:
    friend class Flusher;
    static constexpr std::size_t kNowhere = SIZE_MAX;

    // Makes durable all that was written before the call. The object may be destroyed while the
    // task is suspended: after its first suspension the task touches nothing of it. Runs beside the
    // other members of the round.
    virtual runtime::Task<IoResult<Flushed>> flush() = 0;
    // The flush ended well.
    virtual void flush_done() = 0;
    // It ended with `later`, and has entered a later round already.
    virtual void flush_postponed() {}
    // This or another flush of the directory failed; the directory is offline. Called once for
    // every member of the round and of the one that gathers.
    virtual void flush_failed(const IoError& error) = 0;

    Flusher* flusher_ = nullptr;
    std::size_t gathering_place_ = kNowhere;
    std::size_t running_place_ = kNowhere;
};

class Flusher {
public:
    // Before what was postponed is tried again, along with everything that gathered meanwhile.
    static constexpr Duration kPostponed = milliseconds(500);

    // `failed` is called once, with the first failure, before the members are told.
    Flusher(runtime::Shards& shards, std::function<void(const IoError&)> failed);
    Flusher(const Flusher&) = delete;
    Flusher& operator=(const Flusher&) = delete;
    ~Flusher();

    // Enters the next round. It starts when everything that is ready now has run, so that the
    // appends of one turn share it. After a failure nothing is flushed any more, and this does
    // nothing.
    void enter(Flushable& dirty);

    // Ends when no round runs and none gathers.
    runtime::Task<void> drain();

    bool failed() const { return dead_; }
    // Rounds begun, for metrics and tests.
    std::uint64_t rounds() const { return rounds_; }

private:
    friend class Flushable;

    runtime::Task<void> run_rounds();
    runtime::Task<void> flush_member(std::size_t place);
    void fail(const IoError& error);

    runtime::Shards& shards_;
    std::function<void(const IoError&)> failed_;
    std::vector<Flushable*> gathering_;  // null: left again
    std::vector<Flushable*> running_;
    bool active_ = false;
    bool dead_ = false;
    bool postponed_ = false;
    std::uint64_t rounds_ = 0;
    runtime::WaitList quiet_;
    runtime::TaskGroup rounds_task_;
    runtime::TaskGroup members_;
};

}  // namespace cauce::storage
