// NameLookup: one question to the name servers, asked on the work pool. The asker may lose
// patience: the answer of a call that cannot be interrupted is then thrown away when it comes.
#pragma once

#include "runtime/os/shard.h"
#include "runtime/os/socket_address.h"

#include <memory>
#include <optional>
#include <vector>

namespace cauce::runtime::os {

class NameLookup final : private Work {
public:
    using Answer = IoResult<std::vector<SocketAddress>>;

    // All addresses of the host; ETIMEDOUT at the deadline.
    static Task<Answer> ask(Shard& shard, Address address, MonoTime deadline) {
        // Two owners: this frame and the pool, whose share came_home() gives back.
        auto lookup = std::shared_ptr<NameLookup>(new NameLookup(shard, std::move(address)));
        lookup->until_home_ = lookup;
        shard.submit(Lane::resolve, *lookup);
        const bool answered = co_await lookup->answered_.wait_until(shard.timers(), deadline);
        if (!answered) co_return io_fail(ETIMEDOUT, "look up", lookup->address_.host);
        co_return std::move(*lookup->answer_);
    }

private:
    NameLookup(Shard& shard, Address address) : Work(shard), address_(std::move(address)) {}

    void perform() override { answer_ = look_up(address_); }
    void came_home() override {
        answered_.set();
        const std::shared_ptr<NameLookup> done = std::move(until_home_);
    }

    const Address address_;
    std::optional<Answer> answer_;  // written on the pool, read once it came home
    Event answered_;
    std::shared_ptr<NameLookup> until_home_;
};

}  // namespace cauce::runtime::os
