// For tests: streams and a network in memory, one shard. Reads hand out what has come in pieces of
// at most `chunk` bytes, so that frames arrive torn.
#pragma once

#include "base/bytes.h"
#include "runtime/channel.h"
#include "runtime/net.h"
#include "runtime/shards.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace cauce::client::testing {

// One direction of a stream.
struct MemoryPipe {
    std::deque<std::uint8_t> bytes;
    bool ended = false;
    runtime::WaitList changed;
};

class MemoryStream final : public runtime::Stream {
public:
    MemoryStream(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out,
                 runtime::Address peer, std::size_t chunk)
        : in_(std::move(in)), out_(std::move(out)), peer_(std::move(peer)), chunk_(chunk) {}
    ~MemoryStream() override { close(); }

    runtime::Task<IoResult<std::size_t>> read_some(MutableBytes into) override {
        while (in_->bytes.empty() && !in_->ended && !closed_)
            co_await in_->changed.wait();
        if (closed_) co_return io_fail(ECANCELED, "read", peer_.to_string());
        const std::size_t count = std::min({into.size(), in_->bytes.size(), chunk_});
        std::copy_n(in_->bytes.begin(), count, into.begin());
        in_->bytes.erase(in_->bytes.begin(),
                         in_->bytes.begin() + static_cast<std::ptrdiff_t>(count));
        co_return count;
    }

    runtime::Task<void> arrival() override {
        while (in_->bytes.empty() && !in_->ended && !closed_)
            co_await in_->changed.wait();
    }

    runtime::Task<IoResult<void>> write(std::span<const runtime::WritePart> parts) override {
        for (const auto& part : parts) {
            if (closed_) co_return io_fail(ECANCELED, "write", peer_.to_string());
            if (out_->ended) co_return io_fail(EPIPE, "write", peer_.to_string());
            const BytesView view = std::get<BytesView>(part);
            out_->bytes.insert(out_->bytes.end(), view.begin(), view.end());
            out_->changed.notify_all();
            co_await runtime::yield();
        }
        co_return IoResult<void>();
    }

    void close() override {
        closed_ = true;
        in_->ended = out_->ended = true;
        in_->changed.notify_all();
        out_->changed.notify_all();
    }

    std::unique_ptr<runtime::DetachedStream> detach() override { return nullptr; }
    runtime::Address peer() const override { return peer_; }
    runtime::Address local() const override { return {"127.0.0.1", 1}; }

private:
    std::shared_ptr<MemoryPipe> in_;
    std::shared_ptr<MemoryPipe> out_;
    runtime::Address peer_;
    std::size_t chunk_;
    bool closed_ = false;
};

// A connected pair: what one writes the other reads.
inline std::pair<std::unique_ptr<runtime::Stream>, std::unique_ptr<runtime::Stream>> memory_streams(
    runtime::Address client, runtime::Address server, std::size_t chunk = 1000) {
    auto up = std::make_shared<MemoryPipe>();
    auto down = std::make_shared<MemoryPipe>();
    return {std::make_unique<MemoryStream>(down, up, std::move(server), chunk),
            std::make_unique<MemoryStream>(up, down, std::move(client), chunk)};
}

// Whoever listens at an address gets the server's end of each connection to it.
class MemoryNet final : public runtime::Net {
public:
    explicit MemoryNet(runtime::Shards& shards) : shards_(shards) {}

    using Accepted = std::function<void(std::unique_ptr<runtime::Stream>)>;
    void serve(runtime::Address address, Accepted accepted) {
        listeners_[std::move(address)] = std::move(accepted);
    }
    void stop_serving(const runtime::Address& address) { listeners_.erase(address); }
    // Connecting there hangs until the deadline.
    void black_hole(runtime::Address address) { black_holes_.insert(std::move(address)); }

    runtime::Task<IoResult<std::unique_ptr<runtime::Stream>>> connect(runtime::Address address,
                                                                      MonoTime deadline) override {
        ++connects;
        co_await runtime::yield();
        if (black_holes_.contains(address)) {
            co_await shards_.sleep_until(deadline);
            co_return io_fail(ETIMEDOUT, "connect", address.to_string());
        }
        const auto found = listeners_.find(address);
        if (found == listeners_.end())
            co_return io_fail(ECONNREFUSED, "connect", address.to_string());
        auto [client, server] = memory_streams({"127.0.0.1", 40000}, address, chunk);
        found->second(std::move(server));
        co_return std::move(client);
    }
    using runtime::Net::listen;
    runtime::Task<IoResult<std::unique_ptr<runtime::Listener>>> listen(
        runtime::Address address, runtime::SocketBuffers) override {
        co_return io_fail(EADDRNOTAVAIL, "listen", address.to_string());
    }
    std::unique_ptr<runtime::Stream> attach(std::unique_ptr<runtime::DetachedStream>) override {
        return nullptr;
    }

    std::size_t chunk = 1000;
    int connects = 0;

private:
    runtime::Shards& shards_;
    std::map<runtime::Address, Accepted> listeners_;
    std::set<runtime::Address> black_holes_;
};

}  // namespace cauce::client::testing
