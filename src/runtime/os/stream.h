// TcpStream: a connection that lives on a shard, and TcpDetached, one on its way between shards.
//
// The kernel reports only changes, so the stream remembers what it was told: `readable_` and
// `writable_` are set by the reactor and reset by the call that found nothing left. A read that got
// less than it asked for found nothing left either, which spares the recv that would answer EAGAIN.
#pragma once

#include "runtime/event.h"
#include "runtime/net.h"
#include "runtime/os/file_descriptor.h"
#include "runtime/os/shard.h"
#include "runtime/os/socket_address.h"

#include <cstdint>

namespace cauce::runtime::os {

class TcpDetached final : public DetachedStream {
public:
    TcpDetached(FileDescriptor descriptor, const SocketAddress& peer)
        : descriptor_(std::move(descriptor)), peer_(peer) {}

    FileDescriptor take_descriptor() { return std::move(descriptor_); }
    const SocketAddress& from() const { return peer_; }
    Address peer() const override { return peer_.to_address(); }

private:
    FileDescriptor descriptor_;
    SocketAddress peer_;
};

class TcpStream final : public Stream, private Watch {
public:
    TcpStream(Shard& shard, FileDescriptor descriptor, const SocketAddress& peer)
        : shard_(shard), descriptor_(std::move(descriptor)), peer_(peer) {}

    // Before anything else. When it fails (no memory for epoll) the stream is closed.
    IoResult<void> watch();
    // Ends when a connect that is under way has succeeded or failed, or at the deadline.
    Task<IoResult<void>> connected(MonoTime deadline);

    Task<IoResult<std::size_t>> read_some(MutableBytes into) override;
    Task<void> arrival() override;
    Task<IoResult<void>> write(std::span<const WritePart> parts) override;
    void close() override;
    std::unique_ptr<DetachedStream> detach() override;
    Address peer() const override { return peer_.to_address(); }
    Address local() const override;

private:
    class Cursor;

    void changed(std::uint32_t events) override;
    // One call each. EAGAIN is no error: it moves nothing.
    IoResult<void> send_bytes(Cursor& cursor);
    IoResult<std::uint64_t> send_file(const FileRange& range);
    // While corked only full packets leave.
    void cork(bool on);

    Shard& shard_;
    FileDescriptor descriptor_;
    SocketAddress peer_;

    Event readable_;
    Event writable_;
    bool hung_up_ = false;  // the peer sends no more: what is left must be read to its end
    bool reading_ = false;
    bool writing_ = false;
    std::uint64_t read_in_turn_ = 0;
};

}  // namespace cauce::runtime::os
