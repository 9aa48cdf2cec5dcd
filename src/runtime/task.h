// Task<T>: a coroutine that starts when awaited and gives its awaiter a T. Lazy, single owner,
// single awaiter.
//
// A task inherits its shard's ready queue from the task that awaits it (the root gets it from its
// TaskGroup), so every awaiter knows where to resume without asking a global.
//
// Starting a child is a plain call, and a child that finishes at once lets its parent go on without
// a suspension: no symmetric transfer, whose tail call does not happen at -O0 and under sanitizers,
// and so no growing stack.
//
// Destroying a Task destroys the coroutine where it stands. Production code joins instead
// (TaskGroup); destruction is how the simulator crashes a node.
#pragma once

#include "base/check.h"
#include "runtime/ready.h"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace cauce::runtime {

template <typename T>
class Task;

class PromiseBase {
public:
    ReadyQueue& ready() const { return *ready_; }
    void set_ready(ReadyQueue& ready) { ready_ = &ready; }

    std::suspend_always initial_suspend() const noexcept { return {}; }
    // No exception crosses a coroutine: a throw here is a bug.
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            PromiseBase& promise = self.promise();
            promise.finished_ = true;
            // The parent may destroy this frame while it runs: nothing of it is touched afterwards.
            if (promise.continuation_) promise.continuation_.resume();
        }
        void await_resume() const noexcept {}
    };
    FinalAwaiter final_suspend() const noexcept { return {}; }

private:
    template <typename>
    friend class Task;

    ReadyQueue* ready_ = nullptr;
    std::coroutine_handle<> continuation_;
    bool finished_ = false;
};

template <typename T>
class Promise : public PromiseBase {
public:
    Task<T> get_return_object();
    template <typename U>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    T take() { return std::move(*value_); }

private:
    std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
public:
    Task<void> get_return_object();
    void return_void() const noexcept {}
    void take() const noexcept {}
};

template <typename T = void>
class [[nodiscard]] Task {
public:
    using promise_type = Promise<T>;

    Task() = default;
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }

    // Runs the child now. False (go on, no suspension) when it finished on the spot.
    template <typename ParentPromise>
    bool await_suspend(std::coroutine_handle<ParentPromise> parent) {
        PromiseBase& promise = handle_.promise();
        promise.ready_ = &parent.promise().ready();
        handle_.resume();
        if (promise.finished_) return false;
        promise.continuation_ = parent;
        return true;
    }

    T await_resume() { return handle_.promise().take(); }

private:
    friend class Promise<T>;
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

template <typename T>
Task<T> Promise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// Resumes the suspended coroutine behind a handle when its turn comes. Base of all awaiters that
// wait for an event of the outside: arm(handle) in await_suspend, wake() when it happened.
class Resumption : public Ready {
public:
    Resumption() : Ready(&Resumption::run) {}

    template <typename ParentPromise>
    void arm(std::coroutine_handle<ParentPromise> handle) {
        handle_ = handle;
        queue_ = &handle.promise().ready();
    }

    bool armed() const { return queue_ != nullptr; }

    // Queues the coroutine; the second call before it ran does nothing.
    void wake() {
        if (!linked()) queue_->push(*this);
    }

private:
    static void run(Ready* self) {
        auto* me = static_cast<Resumption*>(self);
        me->handle_.resume();
    }

    std::coroutine_handle<> handle_;
    ReadyQueue* queue_ = nullptr;
};

// co_await yield(): lets everything that is ready now run first.
struct Yield {
    Resumption resumption;
    bool await_ready() const noexcept { return false; }
    template <typename ParentPromise>
    void await_suspend(std::coroutine_handle<ParentPromise> handle) {
        resumption.arm(handle);
        resumption.wake();
    }
    void await_resume() const noexcept {}
};
inline Yield yield() {
    return {};
}

// co_await current_ready_queue(): the queue of the shard this coroutine runs on.
struct CurrentReadyQueue {
    ReadyQueue* queue = nullptr;
    bool await_ready() const noexcept { return false; }
    template <typename ParentPromise>
    bool await_suspend(std::coroutine_handle<ParentPromise> handle) {
        queue = &handle.promise().ready();
        return false;
    }
    ReadyQueue& await_resume() const noexcept { return *queue; }
};
inline CurrentReadyQueue current_ready_queue() {
    return {};
}

}  // namespace cauce::runtime
