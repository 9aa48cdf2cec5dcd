// The ready queue: what a shard runs next. Everything that resumes a coroutine goes through it, so
// that a long chain of completions does not grow the stack, and so that the simulator can choose
// the order. One queue a shard; nothing here is thread-safe.
#pragma once

#include "base/check.h"

#include <cstddef>

namespace cauce::runtime {

// Something that can run once when its turn comes. Lives inside an awaiter, hence inside a
// coroutine frame; destroying it takes it out of the queue, so destroying a suspended coroutine is
// always safe.
class Ready {
public:
    using Run = void (*)(Ready*);

    explicit Ready(Run run) : run_(run) {}
    Ready(const Ready&) = delete;
    Ready& operator=(const Ready&) = delete;
    ~Ready() { unlink(); }

    bool linked() const { return next_ != nullptr; }

    void unlink() {
        if (!linked()) return;
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = nullptr;
    }

private:
    friend class ReadyQueue;

    Run run_;
    Ready* next_ = nullptr;
    Ready* previous_ = nullptr;
};

class ReadyQueue {
public:
    ReadyQueue() : head_(nullptr) { head_.next_ = head_.previous_ = &head_; }
    ReadyQueue(const ReadyQueue&) = delete;
    ReadyQueue& operator=(const ReadyQueue&) = delete;
    ~ReadyQueue() {
        while (!empty())
            head_.next_->unlink();
        head_.next_ = head_.previous_ = nullptr;
    }

    bool empty() const { return head_.next_ == &head_; }

    // `ready` must not be in a queue already.
    void push(Ready& ready) {
        DCHECK(!ready.linked());
        ready.previous_ = head_.previous_;
        ready.next_ = &head_;
        head_.previous_->next_ = &ready;
        head_.previous_ = &ready;
    }

    // Takes the oldest out and runs it. False when there was none.
    bool run_one() {
        if (empty()) return false;
        Ready* first = head_.next_;
        first->unlink();
        first->run_(first);
        return true;
    }

private:
    Ready head_;
};

}  // namespace cauce::runtime
