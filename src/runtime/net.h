// Seam: connections. Streams of bytes between addresses; a stream belongs to one shard and may be
// moved while idle.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace cauce::runtime {

struct Address {
    std::string host;  // a name or a numeric address; empty = every interface (listen only)
    std::uint16_t port = 0;

    auto operator<=>(const Address&) const = default;
    // "host:port"; numeric IPv6 in brackets.
    std::string to_string() const;
};

// Part of what a stream writes: bytes in memory, or a range of a file, which production sends
// without copying it through the process. The bytes of a range must not change until the write has
// ended, and better never (D13).
struct FileRange {
    File* file = nullptr;
    std::uint64_t position = 0;
    std::uint64_t size = 0;
};
using WritePart = std::variant<BytesView, FileRange>;

// A connection between shards: made by accept() or Stream::detach(), opened by Net::attach() where
// it will live. Destroying it closes the connection.
class DetachedStream {
public:
    virtual ~DetachedStream() = default;
    virtual Address peer() const = 0;
};

class Stream {
public:
    // Closes it.
    virtual ~Stream() = default;

    // At least one byte; 0 at the end of the stream. One read at a time.
    virtual Task<IoResult<std::size_t>> read_some(MutableBytes into) = 0;
    // Until a read may have something to say: bytes, the end, or an error. Who may wait for long
    // needs no memory to read into meanwhile. Not beside a read.
    virtual Task<void> arrival() = 0;
    // All of it. One write at a time; a read may run beside it. What the parts show must live until
    // it ends.
    virtual Task<IoResult<void>> write(std::span<const WritePart> parts) = 0;
    // Ends a pending read and write with ECANCELED. Idempotent.
    virtual void close() = 0;
    // Takes the connection out of this shard. No read or write may be pending; the stream is closed
    // afterwards.
    virtual std::unique_ptr<DetachedStream> detach() = 0;

    virtual Address peer() const = 0;
    virtual Address local() const = 0;
};

class Listener {
public:
    virtual ~Listener() = default;
    // EMFILE and friends are waited out inside; an error means the listener is closed.
    virtual Task<IoResult<std::unique_ptr<DetachedStream>>> accept() = 0;
    virtual void close() = 0;
    // With the port that was given out when 0 was asked for.
    virtual Address local() const = 0;
};

// What the kernel may hold of a connection, each way, in bytes. 0 leaves it to the system, which
// lets it grow with what the connection needs.
struct SocketBuffers {
    std::int32_t send = 0;
    std::int32_t receive = 0;

    bool operator==(const SocketBuffers&) const = default;
};

class Net {
public:
    virtual ~Net() = default;
    // `buffers` are those of the connections that are accepted.
    virtual Task<IoResult<std::unique_ptr<Listener>>> listen(Address address,
                                                             SocketBuffers buffers) = 0;
    Task<IoResult<std::unique_ptr<Listener>>> listen(Address address) {
        return listen(std::move(address), SocketBuffers());
    }
    virtual Task<IoResult<std::unique_ptr<Stream>>> connect(Address address, MonoTime deadline) = 0;
    // On the shard that shall own the stream.
    virtual std::unique_ptr<Stream> attach(std::unique_ptr<DetachedStream> stream) = 0;
};

}  // namespace cauce::runtime
