// The memory that one shard's connections receive requests in, and its limit
// (queued.max.request.bytes, dealt out among the shards). Outlives the connections; one shard.
//
// A chunk counts from its allocation until the last request in it is done. Who needs a larger one
// than what is left waits, and its connection is not read from meanwhile. A quarter is kept for
// small chunks: small requests go on while large ones wait.
//
// So that large requests do not wait for each other for ever, one connection at a time has the
// turn: it may go beyond the limit until its request is whole. And while anybody waits, the owner
// of the connections is asked again and again to close those whose half requests do not get on.
// The shard therefore takes the limit and one largest request at most (twice that while its chunk
// grows), whatever it is sent.
#pragma once

#include "runtime/event.h"
#include "runtime/shards.h"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <utility>

namespace cauce::server {

using runtime::Task;

class RequestMemory {
public:
    using Chunk = std::shared_ptr<std::uint8_t[]>;
    // Stands for a connection; only compared. It must withdraw() before it goes.
    using Asker = const void*;

    // Not counted: what every connection may hold.
    static constexpr std::size_t kFreeBytes = 1024;
    // The last quarter of the limit is for chunks up to this.
    static constexpr std::size_t kSmallBytes = 64 * 1024;
    static constexpr Duration kPressureInterval = milliseconds(500);

    RequestMemory(runtime::Shards& shards, std::size_t limit);
    RequestMemory(const RequestMemory&) = delete;

    // Called at every interval in which somebody waits.
    void on_pressure(std::function<void()> call) { on_pressure_ = std::move(call); }

    // Counts until its last owner lets go. Whether it may be had is asked for before.
    Chunk allocate(std::size_t bytes);

    // Whether a chunk of that size may be taken now.
    bool grants(std::size_t bytes, Asker asker) const {
        return bytes <= kFreeBytes || fits(bytes) || turn_ == asker;
    }
    // Waits until it may be worth asking again, or withdraw().
    Task<void> wait(std::size_t bytes, Asker asker);
    bool has_turn(Asker asker) const { return turn_ == asker; }
    // Its request is whole.
    void whole(Asker asker) {
        if (turn_ == asker) end_turn();
    }
    // Its connection ends: it neither waits nor has the turn any more.
    void withdraw(Asker asker);

    std::size_t used() const { return used_; }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiter {
        Asker asker;
        std::size_t bytes;
        runtime::Event* event;
    };
    struct PressureTimer : runtime::Timer {
        explicit PressureTimer(RequestMemory& owner);
        RequestMemory& memory;
    };
    struct Refund {
        RequestMemory* memory;
        std::size_t bytes;
        void operator()(std::uint8_t* chunk) const;
    };

    bool fits(std::size_t bytes) const {
        const std::size_t kept = bytes > kSmallBytes ? limit_ / 4 : 0;
        return used_ + kept <= limit_ && bytes <= limit_ - used_ - kept;
    }
    void end_turn();
    void arm_pressure_timer();
    // Lets those go on who may, in the order in which they came.
    void wake();

    runtime::Shards& shards_;
    const std::size_t limit_;
    std::function<void()> on_pressure_;
    std::size_t used_ = 0;
    std::list<Waiter> waiting_;
    Asker turn_ = nullptr;
    PressureTimer pressure_timer_;
};

}  // namespace cauce::server
