// Seam `Net` in simulation. Bytes between two ends arrive in order, after a delay, in pieces of any
// size. Names resolve to the node that bears them; "localhost" and its numbers to the own node.
//
// How connections end, as seen by the other side:
//   close()       the end of the stream after all that was written; a reset when what had come in
//                 was not read.
//   kill          the same, for the kernel closes what the process held.
//   power loss    silence. What was sent last may not arrive. Bytes for the lost end wait until the
//                 machine runs again, which then answers them with a reset.
//   cut           silence in one direction until it is healed; nothing is lost.
//   broken        a reset at both ends, behind a part of what was on the way.
#pragma once

#include "runtime/event.h"
#include "runtime/net.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace cauce::sim {

class World;
struct Life;
struct SimNode;
class SimShards;

struct Connection {
    struct Segment {
        MonoTime arrival;
        enum class Kind : std::uint8_t { bytes, end, reset } kind = Kind::bytes;
        Buffer bytes;
    };

    // One end: who holds it, and what is on the way to it.
    struct End {
        Life* life = nullptr;  // null once the process let go of it
        unsigned node = 0;
        runtime::Address address;

        std::deque<Segment> on_the_way;
        MonoTime last_arrival;
        Buffer received;
        std::size_t taken = 0;           // bytes of `received` that were read
        std::uint64_t unread_bytes = 0;  // on the way or received
        bool ended = false;
        bool reset = false;
        runtime::WaitList readable;
        runtime::WaitList room;  // for who writes to this end
    };

    std::uint64_t number = 0;
    std::uint64_t window = 0;  // bytes that may be unread at one end
    bool dribbles = false;     // arrives in small pieces
    End ends[2];
};

struct ListenPlace {
    Life* life = nullptr;  // null when closed
    runtime::Address address;
    bool loopback_only = false;
    std::deque<std::unique_ptr<runtime::DetachedStream>> backlog;
    runtime::WaitList arrived;
};

// The network itself, which all nodes share. Owned by the world.
class Wire {
public:
    explicit Wire(World& world) : world_(world) {}

    void cut(unsigned from, unsigned to) { cuts_.insert({from, to}); }
    void heal(unsigned from, unsigned to) { cuts_.erase({from, to}); }
    bool open(unsigned from, unsigned to) const;

    // Puts `bytes` on the way to `side`.
    void send(const std::shared_ptr<Connection>& connection, int side, BytesView bytes);
    // The process lets go of `side`.
    void close(const std::shared_ptr<Connection>& connection, int side);
    // Both ends of every connection of `node` are reset. Of what is on the way the beginning
    // arrives.
    void break_connections(unsigned node);
    // All that a process held goes with it; silently when the power fails.
    void end_life(Life& life, bool power_fails);

    std::shared_ptr<Connection> make_connection(Life& from, Life& to, runtime::Address local,
                                                runtime::Address peer);

    // errno, or 0.
    int listen(const std::shared_ptr<ListenPlace>& place, unsigned node);
    std::shared_ptr<ListenPlace> find_listener(unsigned node, std::uint16_t port) const;
    std::uint16_t ephemeral_port();

private:
    Duration hop(const Connection& connection);
    void push(const std::shared_ptr<Connection>& connection, int side, Connection::Segment segment);
    void schedule(const std::shared_ptr<Connection>& connection, int side, MonoTime when);
    void arrive(const std::shared_ptr<Connection>& connection, int side);
    void reset_peer(const std::shared_ptr<Connection>& connection, int side);

    World& world_;
    std::set<std::pair<unsigned, unsigned>> cuts_;
    std::map<std::pair<unsigned, std::uint16_t>, std::shared_ptr<ListenPlace>> listeners_;
    std::vector<std::weak_ptr<Connection>> connections_;
    std::uint64_t next_connection_ = 1;
    std::uint16_t next_port_ = 32768;
};

class SimNet final : public runtime::Net {
public:
    SimNet(World& world, Life& life, SimShards& shard)
        : world_(world), life_(life), shard_(shard) {}

    using runtime::Net::listen;
    runtime::Task<IoResult<std::unique_ptr<runtime::Listener>>> listen(
        runtime::Address address, runtime::SocketBuffers buffers) override;
    runtime::Task<IoResult<std::unique_ptr<runtime::Stream>>> connect(runtime::Address address,
                                                                      MonoTime deadline) override;
    std::unique_ptr<runtime::Stream> attach(
        std::unique_ptr<runtime::DetachedStream> stream) override;

private:
    World& world_;
    Life& life_;
    SimShards& shard_;
};

}  // namespace cauce::sim
