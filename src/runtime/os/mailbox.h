// Mailbox: where other threads leave messages for a shard. The sender learns whether the owner
// sleeps and has to be woken; an owner that is awake looks by itself once a turn.
#pragma once

#include "runtime/shards.h"

#include <mutex>
#include <utility>
#include <vector>

namespace cauce::runtime::os {

class Mailbox {
public:
    // Any thread. True: the owner sleeps, wake it.
    [[nodiscard]] bool put(ShardMessage& message) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(&message);
        return std::exchange(asleep_, false);
    }

    // The owner, before it waits: false when there is something to take.
    bool may_sleep() {
        const std::lock_guard lock(mutex_);
        asleep_ = messages_.empty();
        return asleep_;
    }

    // The owner, awake: everything that came, in the order in which it came.
    void take(std::vector<ShardMessage*>& into) {
        into.clear();
        const std::lock_guard lock(mutex_);
        asleep_ = false;
        messages_.swap(into);
    }

private:
    std::mutex mutex_;
    std::vector<ShardMessage*> messages_;
    bool asleep_ = false;
};

}  // namespace cauce::runtime::os
