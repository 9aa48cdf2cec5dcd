// TaskGroup: the owner of tasks that run on their own. There are no detached tasks: whoever spawns,
// joins. One shard. Destroying a group that still runs destroys its coroutines where they stand (a
// simulated crash; at run time the owner joins first).
#pragma once

#include "runtime/event.h"
#include "runtime/task.h"

#include <cstddef>

namespace cauce::runtime {

class TaskGroup {
public:
    explicit TaskGroup(ReadyQueue& ready) : ready_(ready) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    ~TaskGroup() {
        while (first_)
            first_->destroy();
    }

    // The task starts when its turn comes.
    void spawn(Task<void> task) { run(*this, std::move(task)); }

    std::size_t size() const { return size_; }

    // Ends when no task is left. New ones may still be spawned; they are waited for too.
    Task<void> join() {
        while (size_ > 0)
            co_await emptied_.wait();
    }

private:
    // The coroutine that holds a spawned task; it removes itself from the group at its end.
    struct Root {
        struct promise_type : PromiseBase {
            promise_type(TaskGroup& owner, Task<void>&) : group(owner) {
                set_ready(owner.ready_);
                next = owner.first_;
                if (next) next->previous = this;
                owner.first_ = this;
                ++owner.size_;
            }
            ~promise_type() {
                (previous ? previous->next : group.first_) = next;
                if (next) next->previous = previous;
                if (--group.size_ == 0) group.emptied_.notify_all();
            }
            Root get_return_object() const noexcept { return {}; }
            std::suspend_never initial_suspend() const noexcept { return {}; }
            std::suspend_never final_suspend() const noexcept { return {}; }
            void return_void() const noexcept {}
            void destroy() { std::coroutine_handle<promise_type>::from_promise(*this).destroy(); }

            TaskGroup& group;
            promise_type* next = nullptr;
            promise_type* previous = nullptr;
        };
    };

    static Root run(TaskGroup&, Task<void> task) {
        co_await yield();
        co_await task;
    }

    ReadyQueue& ready_;
    Root::promise_type* first_ = nullptr;
    std::size_t size_ = 0;
    WaitList emptied_;
};

}  // namespace cauce::runtime
