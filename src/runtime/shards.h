// Seam: the shards of a node. One object a shard; it is that shard's view of itself and of the
// others. Shards share nothing but immutable values: what another shard owns is asked for by on(),
// in one place, and answered by value.
#pragma once

#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/random.h"
#include "runtime/stop.h"
#include "runtime/task.h"
#include "runtime/task_group.h"
#include "runtime/timers.h"

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace cauce::runtime {

class Shards;

// A message to another shard. It stays with its sender, who keeps it alive until it has come back.
class ShardMessage {
public:
    // On the shard it was posted to.
    virtual void arrive(Shards& here) = 0;

protected:
    ~ShardMessage() = default;
};

template <typename T>
struct TaskResult;
template <typename T>
struct TaskResult<Task<T>> {
    using Type = T;
};

class Shards {
public:
    virtual ~Shards() = default;

    virtual unsigned count() const = 0;
    virtual unsigned self() const = 0;

    virtual ReadyQueue& ready() = 0;
    virtual Timers& timers() = 0;
    virtual const Clock& clock() const = 0;
    virtual Random& random() = 0;

    // Makes a call that only computes, for too long to hold up the shard, and ends when it is made:
    // on a thread that leaves the shards their processors where there is one (runtime/os), else
    // right here. One call at a time, of all shards. Until it has ended nobody but `work` touches
    // what it touches. Must not be destroyed under way.
    virtual Task<void> compute(std::function<void()> work) {
        co_await yield();
        work();
    }

    // Delivers to `shard`; two messages from here to the same shard arrive in order.
    virtual void post(unsigned shard, ShardMessage& message) = 0;
    // Owns the coroutines that other shards' calls run here.
    virtual TaskGroup& calls() = 0;

    // Runs `make()` on `shard` and awaits the Task it returns there; the result comes back by
    // value. On the own shard it is a plain await. `make` is moved over: what it captures must be
    // its own or immutable.
    template <typename Make>
    auto on(unsigned shard, Make make)
        -> Task<typename TaskResult<std::invoke_result_t<Make>>::Type>;

    // True when the deadline came, false when `stop` was requested first.
    Task<bool> sleep_until(MonoTime deadline, Stop& stop) {
        const bool stopped = co_await stop.wait_until(timers(), deadline);
        co_return !stopped;
    }
    Task<void> sleep_until(MonoTime deadline) {
        WaitList nobody;
        co_await nobody.wait_until(timers(), deadline);
    }
};

// A call to another shard in two steps: begin() sends it off at once, so that several can run side
// by side and calls to one shard arrive in the order of their begin(); finish() awaits the answer.
// Both legs of the journey are this object: it must stay where it is until finish() has returned.
template <typename Make>
class ShardCall final : public ShardMessage {
public:
    using Result = typename TaskResult<std::invoke_result_t<Make>>::Type;

    ShardCall(Shards& here, unsigned shard, Make make)
        : here_(here), shard_(shard), make_(std::move(make)) {}
    ShardCall(const ShardCall&) = delete;
    ShardCall& operator=(const ShardCall&) = delete;

    void begin() { here_.post(shard_, *this); }

    Task<Result> finish() {
        co_await returned_.wait();
        if constexpr (!std::is_void_v<Result>) co_return std::move(*result_);
    }

    void arrive(Shards& there) override {
        if (finished_) {
            returned_.set();  // back home
        } else {
            there.calls().spawn(run(there));
        }
    }

private:
    struct Nothing {};
    using Held = std::conditional_t<std::is_void_v<Result>, Nothing, Result>;

    Task<void> run(Shards& there) {
        if constexpr (std::is_void_v<Result>) {
            co_await make_();
        } else {
            result_.emplace(co_await make_());
        }
        finished_ = true;
        there.post(here_.self(), *this);
    }

    Shards& here_;
    unsigned shard_;
    Make make_;
    std::optional<Held> result_;
    bool finished_ = false;
    Event returned_;
};

template <typename Make>
auto Shards::on(unsigned shard, Make make)
    -> Task<typename TaskResult<std::invoke_result_t<Make>>::Type> {
    if (shard == self()) co_return co_await make();
    ShardCall<Make> call(*this, shard, std::move(make));
    call.begin();
    co_return co_await call.finish();
}

}  // namespace cauce::runtime
