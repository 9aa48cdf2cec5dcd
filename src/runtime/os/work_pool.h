// WorkPool: threads for calls that may wait for a device or a name server, and one for calls that
// compute. One for a whole runtime. Threads start when there is work and none is idle, stay, and
// end with the pool.
//
// Lanes keep one kind of slow work from holding up another: name servers that do not answer never
// delay a flush, and a round of a thousand flushes never delays a read. Removals are in no hurry,
// and go one at a time: each keeps the file system's journal busy. What computes has a thread of
// its own with less claim to a processor than the shards have.
#pragma once

#include "runtime/shards.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <type_traits>
#include <utility>
#include <vector>

namespace cauce::runtime::os {

class Shard;

enum class Lane : std::uint8_t { read, flush, resolve, remove, compute };

// A call to be made on a thread of the pool. Comes home as a message; its owner keeps it alive
// until then.
class Work : public ShardMessage {
public:
    explicit Work(Shard& home) : home_(home) {}

    // On a thread of the pool.
    virtual void perform() = 0;
    // On the shard, afterwards. May destroy the work.
    virtual void came_home() = 0;

protected:
    ~Work() = default;

private:
    void arrive(Shards&) final;

    friend class WorkPool;
    Shard& home_;
};

class WorkPool {
public:
    WorkPool() = default;
    WorkPool(const WorkPool&) = delete;
    // All work must have come home.
    ~WorkPool();

    // On the work's own shard.
    void submit(Lane lane, Work& work);

private:
    static constexpr std::size_t kLanes = 5;
    // Lanes in front of this one wait for somebody else; it computes.
    static constexpr std::size_t kCompute = 4;
    static constexpr std::size_t kThreadsMax = 11;
    // By Lane. Seven flushes, two lookups and a removal leave a thread for reads.
    static constexpr std::array<std::size_t, kLanes> kBusyMax{10, 7, 2, 1, 1};

    static void* thread_main(void* pool);
    static void* compute_main(void* pool);
    void serve();
    void serve_compute();
    void submit_compute(std::unique_lock<std::mutex>& lock);
    // A lane with work that may start now; not kCompute.
    std::optional<std::size_t> next_lane() const;
    std::size_t startable() const;
    void perform_next(std::size_t lane, std::unique_lock<std::mutex>& lock);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable compute_changed_;
    std::array<std::deque<Work*>, kLanes> waiting_;
    std::array<std::size_t, kLanes> busy_{};
    std::vector<pthread_t> threads_;
    std::optional<pthread_t> compute_thread_;
    std::size_t idle_ = 0;
    bool ending_ = false;
};

// Awaited: makes `call` on the pool and gives its result. Must not be destroyed under way.
template <typename Call>
class Offload final : public Work {
public:
    using Result = std::invoke_result_t<Call>;

    Offload(Shard& home, WorkPool& pool, Lane lane, Call call)
        : Work(home), pool_(pool), lane_(lane), call_(std::move(call)) {}
    Offload(const Offload&) = delete;
    ~Offload() { CHECK(!under_way_); }

    bool await_ready() const noexcept { return false; }
    template <typename ParentPromise>
    void await_suspend(std::coroutine_handle<ParentPromise> handle) {
        resumption_.arm(handle);
        under_way_ = true;
        pool_.submit(lane_, *this);
    }
    Result await_resume() { return std::move(*result_); }

    void perform() override { result_.emplace(call_()); }
    void came_home() override {
        under_way_ = false;
        resumption_.wake();
    }

private:
    WorkPool& pool_;
    Lane lane_;
    Call call_;
    std::optional<Result> result_;
    Resumption resumption_;
    bool under_way_ = false;
};

}  // namespace cauce::runtime::os
