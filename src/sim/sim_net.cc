#include "sim/sim_net.h"

#include "sim/sim_shards.h"
#include "sim/world.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cauce::sim {

using runtime::Address;
using runtime::DetachedStream;
using runtime::FileRange;
using runtime::Listener;
using runtime::Stream;
using runtime::Task;
using runtime::WritePart;

namespace {

constexpr std::size_t kBacklog = 128;
constexpr Duration kRetransmission = milliseconds(200);

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool is_any(std::string_view host) {
    return host.empty() || host == "0.0.0.0" || host == "::";
}

// Owns one end of a connection between shards.
class SimDetached final : public DetachedStream {
public:
    SimDetached(Wire& wire, std::shared_ptr<Connection> connection, int side)
        : wire_(wire), connection_(std::move(connection)), side_(side) {}
    ~SimDetached() override {
        if (connection_) wire_.close(connection_, side_);
    }

    std::shared_ptr<Connection> take() { return std::move(connection_); }
    int side() const { return side_; }
    Address peer() const override { return connection_->ends[1 - side_].address; }

private:
    Wire& wire_;
    std::shared_ptr<Connection> connection_;
    const int side_;
};

}  // namespace

bool Wire::open(unsigned from, unsigned to) const {
    return !cuts_.contains({from, to}) && world_.nodes()[to]->powered;
}

// The slower machine of the two sets the pace.
Duration Wire::hop(const Connection& connection) {
    std::int64_t slowness = 1;
    for (const Connection::End& end : connection.ends)
        slowness = std::max(slowness, world_.nodes()[end.node]->net_slowness);
    return world_.delay(world_.options().net_hop * slowness);
}

void Wire::push(const std::shared_ptr<Connection>& connection, int side,
                Connection::Segment segment) {
    Connection::End& end = connection->ends[side];
    segment.arrival = std::max(end.last_arrival, world_.now() + hop(*connection));
    end.last_arrival = segment.arrival;
    const bool first = end.on_the_way.empty();
    const MonoTime when = segment.arrival;
    end.on_the_way.push_back(std::move(segment));
    if (first) schedule(connection, side, when);
}

void Wire::schedule(const std::shared_ptr<Connection>& connection, int side, MonoTime when) {
    world_.at(when, [this, connection, side] { arrive(connection, side); });
}

void Wire::send(const std::shared_ptr<Connection>& connection, int side, BytesView bytes) {
    world_.trace(Step::net_bytes, connection->number, bytes);
    connection->ends[side].unread_bytes += bytes.size();
    // At most 16 pieces, so that a large write stays affordable.
    std::size_t longest = bytes.size();
    if (connection->dribbles) {
        longest = std::max<std::size_t>(1 + world_.dice().below(64), bytes.size() / 16 + 1);
    } else if (world_.dice().one_in(4)) {
        longest =
            std::max<std::size_t>(1 + world_.dice().below(bytes.size()), bytes.size() / 4 + 1);
    }
    while (!bytes.empty()) {
        const BytesView piece = bytes.first(std::min(longest, bytes.size()));
        bytes = bytes.subspan(piece.size());
        push(connection, side, {.arrival = {}, .bytes = Buffer(piece.begin(), piece.end())});
    }
}

// The segment at the head of the way to `side` is due.
void Wire::arrive(const std::shared_ptr<Connection>& connection, int side) {
    Connection::End& end = connection->ends[side];
    if (end.on_the_way.empty()) return;  // a power loss took it off the way
    if (!open(connection->ends[1 - side].node, end.node)) {
        schedule(connection, side, world_.now() + world_.delay(kRetransmission));
        return;
    }
    Connection::Segment segment = std::move(end.on_the_way.front());
    end.on_the_way.pop_front();
    if (!end.on_the_way.empty()) {
        schedule(connection, side, std::max(world_.now(), end.on_the_way.front().arrival));
    }
    world_.trace(Step::net_arrival, connection->number, segment.bytes.size());
    using Kind = Connection::Segment::Kind;
    if (end.life == nullptr) {
        if (segment.kind == Kind::bytes) reset_peer(connection, side);
        return;
    }
    // What was lost before a reset must not be followed by what was sent behind it.
    if (end.reset) return;
    switch (segment.kind) {
        case Kind::bytes:
            end.received.insert(end.received.end(), segment.bytes.begin(), segment.bytes.end());
            break;
        case Kind::end:
            end.ended = true;
            break;
        case Kind::reset:
            end.reset = true;
            connection->ends[1 - side].room.notify_all();
            break;
    }
    end.readable.notify_all();
}

// Nobody is at `side` any more: who still sends there is told.
void Wire::reset_peer(const std::shared_ptr<Connection>& connection, int side) {
    Connection::End& peer = connection->ends[1 - side];
    if (peer.life == nullptr || peer.reset) return;
    push(connection, 1 - side,
         {.arrival = {}, .kind = Connection::Segment::Kind::reset, .bytes = {}});
}

void Wire::close(const std::shared_ptr<Connection>& connection, int side) {
    Connection::End& end = connection->ends[side];
    Connection::End& peer = connection->ends[1 - side];
    if (end.life == nullptr) return;
    const bool ghost = end.life->ghost;
    end.life = nullptr;
    end.readable.notify_all();
    peer.room.notify_all();
    if (ghost || peer.life == nullptr || end.reset) return;
    const bool unread = end.received.size() > end.taken;
    using Kind = Connection::Segment::Kind;
    push(connection, 1 - side,
         {.arrival = {}, .kind = unread ? Kind::reset : Kind::end, .bytes = {}});
}

void Wire::break_connections(unsigned node) {
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : connections_) {
        const std::shared_ptr<Connection> connection = weak.lock();
        if (connection->ends[0].node != node && connection->ends[1].node != node) continue;
        world_.trace(Step::net_broken, connection->number, node);
        for (const int side : {0, 1}) {
            Connection::End& end = connection->ends[side];
            if (end.life == nullptr || end.reset) continue;
            end.on_the_way.resize(world_.dice().below(end.on_the_way.size() + 1));
            push(connection, side,
                 {.arrival = {}, .kind = Connection::Segment::Kind::reset, .bytes = {}});
        }
    }
}

void Wire::end_life(Life& life, bool power_fails) {
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : connections_) {
        const std::shared_ptr<Connection> connection = weak.lock();
        for (int side : {0, 1}) {
            if (connection->ends[side].life != &life) continue;
            if (!power_fails) {
                // What a ghost did not close, the kernel closes now.
                const bool ghost = std::exchange(life.ghost, false);
                close(connection, side);
                life.ghost = ghost;
                continue;
            }
            connection->ends[side].life = nullptr;
            Connection::End& peer = connection->ends[1 - side];
            const std::size_t sent = peer.on_the_way.size();
            peer.on_the_way.resize(world_.dice().below(sent + 1));
        }
    }
    std::erase_if(listeners_, [&](const auto& entry) {
        if (entry.second->life != &life) return false;
        entry.second->life = nullptr;
        return true;
    });
}

std::shared_ptr<Connection> Wire::make_connection(Life& from, Life& to, Address local,
                                                  Address peer) {
    auto connection = std::make_shared<Connection>();
    connection->number = next_connection_++;
    connection->window = 1ull << world_.dice().between(12, 20);
    connection->dribbles = world_.dice().one_in(8);
    connection->ends[0].life = &from;
    connection->ends[0].node = from.node.index;
    connection->ends[0].address = std::move(local);
    connection->ends[1].life = &to;
    connection->ends[1].node = to.node.index;
    connection->ends[1].address = std::move(peer);
    connections_.push_back(connection);
    return connection;
}

int Wire::listen(const std::shared_ptr<ListenPlace>& place, unsigned node) {
    if (place->address.port == 0) place->address.port = ephemeral_port();
    std::shared_ptr<ListenPlace>& entry = listeners_[{node, place->address.port}];
    if (entry && entry->life != nullptr) return EADDRINUSE;
    entry = place;
    return 0;
}

std::shared_ptr<ListenPlace> Wire::find_listener(unsigned node, std::uint16_t port) const {
    const auto found = listeners_.find({node, port});
    if (found == listeners_.end() || found->second->life == nullptr) return nullptr;
    return found->second;
}

std::uint16_t Wire::ephemeral_port() {
    if (next_port_ == 65535) next_port_ = 32768;
    return next_port_++;
}

class SimStream final : public Stream {
public:
    SimStream(World& world, std::shared_ptr<Connection> connection, int side)
        : world_(world), connection_(std::move(connection)), side_(side) {}
    ~SimStream() override { SimStream::close(); }

    Task<IoResult<std::size_t>> read_some(MutableBytes into) override {
        const std::shared_ptr<Connection> connection = connection_;
        if (!connection) co_return io_fail(ECANCELED, "read");
        Connection::End& end = connection->ends[side_];
        CHECK(!into.empty());
        World& world = world_;
        while (true) {
            if (end.life == nullptr) co_return io_fail(ECANCELED, "read");
            if (const std::size_t available = end.received.size() - end.taken; available > 0) {
                std::size_t size = std::min(available, into.size());
                if (world.dice().one_in(8)) size = 1 + world.dice().below(size);
                std::memcpy(into.data(), end.received.data() + end.taken, size);
                end.taken += size;
                end.unread_bytes -= size;
                if (end.taken == end.received.size()) {
                    end.received.clear();
                    end.taken = 0;
                }
                end.room.notify_all();
                co_return size;
            }
            if (end.reset) co_return io_fail(ECONNRESET, "read", peer().to_string());
            if (end.ended) co_return std::size_t{0};
            co_await end.readable.wait();
        }
    }

    Task<void> arrival() override {
        const std::shared_ptr<Connection> connection = connection_;
        if (!connection) co_return;
        Connection::End& end = connection->ends[side_];
        while (end.life != nullptr && end.taken == end.received.size() && !end.reset && !end.ended)
            co_await end.readable.wait();
    }

    Task<IoResult<void>> write(std::span<const WritePart> parts) override {
        for (const WritePart& part : parts) {
            if (const auto* bytes = std::get_if<BytesView>(&part)) {
                CO_RETURN_IF_ERROR(co_await write_bytes(*bytes));
                continue;
            }
            FileRange range = std::get<FileRange>(part);
            Buffer buffer;
            while (range.size > 0) {
                buffer.resize(std::min<std::uint64_t>(range.size, 65536));
                ASSIGN_OR_CO_RETURN(const std::size_t read,
                                    co_await range.file->read_at(range.position, buffer));
                if (read == 0) co_return io_fail(EIO, "sendfile", "file ends before its range");
                const BytesView some = BytesView(buffer).first(read);
                CO_RETURN_IF_ERROR(co_await write_bytes(some));
                range.position += read;
                range.size -= read;
            }
        }
        co_return IoResult<void>();
    }

    void close() override {
        if (connection_) world_.wire().close(connection_, side_);
    }

    std::unique_ptr<DetachedStream> detach() override {
        CHECK(connection_);
        return std::make_unique<SimDetached>(world_.wire(), std::move(connection_), side_);
    }

    Address peer() const override { return address_of(1 - side_); }
    Address local() const override { return address_of(side_); }

private:
    Address address_of(int side) const {
        return connection_ ? connection_->ends[side].address : Address();
    }

    Task<IoResult<void>> write_bytes(BytesView bytes) {
        const std::shared_ptr<Connection> connection = connection_;
        if (!connection) co_return io_fail(ECANCELED, "write");
        Connection::End& end = connection->ends[side_];
        Connection::End& peer_end = connection->ends[1 - side_];
        while (!bytes.empty()) {
            if (end.life == nullptr) co_return io_fail(ECANCELED, "write");
            if (end.reset) co_return io_fail(EPIPE, "write", peer_end.address.to_string());
            if (end.life->ghost) co_return IoResult<void>();
            if (peer_end.unread_bytes >= connection->window) {
                co_await peer_end.room.wait();
                continue;
            }
            const std::size_t size =
                std::min<std::size_t>(bytes.size(), connection->window - peer_end.unread_bytes);
            world_.wire().send(connection, 1 - side_, bytes.first(size));
            bytes = bytes.subspan(size);
        }
        co_return IoResult<void>();
    }

    World& world_;
    std::shared_ptr<Connection> connection_;  // null once detached
    const int side_;
};

namespace {

class SimListener final : public Listener {
public:
    explicit SimListener(std::shared_ptr<ListenPlace> place) : place_(std::move(place)) {}
    ~SimListener() override { SimListener::close(); }

    Task<IoResult<std::unique_ptr<DetachedStream>>> accept() override {
        const std::shared_ptr<ListenPlace> place = place_;
        while (place->backlog.empty() && place->life != nullptr)
            co_await place->arrived.wait();
        if (place->life == nullptr) co_return io_fail(ECANCELED, "accept");
        std::unique_ptr<DetachedStream> stream = std::move(place->backlog.front());
        place->backlog.pop_front();
        co_return stream;
    }

    void close() override {
        if (place_->life == nullptr) return;
        place_->life = nullptr;
        place_->backlog.clear();
        place_->arrived.notify_all();
    }

    Address local() const override { return place_->address; }

private:
    std::shared_ptr<ListenPlace> place_;
};

}  // namespace

Task<IoResult<std::unique_ptr<Listener>>> SimNet::listen(Address address, runtime::SocketBuffers) {
    const bool known =
        is_any(address.host) || is_loopback(address.host) || address.host == life_.node.name;
    if (!known) co_return io_fail(EADDRNOTAVAIL, "bind", address.to_string());
    auto place = std::make_shared<ListenPlace>();
    place->life = &life_;
    place->loopback_only = is_loopback(address.host);
    place->address = std::move(address);
    if (const int error = world_.wire().listen(place, life_.node.index)) {
        co_return io_fail(error, "bind", place->address.to_string());
    }
    std::unique_ptr<Listener> listener = std::make_unique<SimListener>(std::move(place));
    co_return listener;
}

Task<IoResult<std::unique_ptr<Stream>>> SimNet::connect(Address address, MonoTime deadline) {
    const SimNode* target = nullptr;
    if (is_any(address.host) || is_loopback(address.host)) {
        target = &life_.node;
    } else {
        for (const auto& node : world_.nodes())
            if (node->name == address.host) target = node.get();
    }
    if (target == nullptr) co_return io_fail(EHOSTUNREACH, "connect", address.to_string());
    const unsigned here = life_.node.index;
    Wire& wire = world_.wire();
    // The question goes over; asked again until somebody answers.
    Duration patience = world_.delay(world_.options().net_hop);
    while (true) {
        const MonoTime arrival = world_.now() + patience;
        co_await shard_.sleep_until(std::min(arrival, deadline));
        if (arrival > deadline) co_return io_fail(ETIMEDOUT, "connect", address.to_string());
        if (wire.open(here, target->index) && wire.open(target->index, here)) break;
        patience = seconds(1);
    }
    const std::shared_ptr<ListenPlace> place = wire.find_listener(target->index, address.port);
    const bool refused = !place || (place->loopback_only && target->index != here) ||
                         place->backlog.size() >= kBacklog;
    std::unique_ptr<Stream> stream;
    if (!refused) {
        const Address local{life_.node.name, wire.ephemeral_port()};
        auto connection = wire.make_connection(life_, *place->life, local, address);
        stream = std::make_unique<SimStream>(world_, connection, 0);
        place->backlog.push_back(std::make_unique<SimDetached>(wire, std::move(connection), 1));
        place->arrived.notify_one();
    }
    const MonoTime answered = world_.now() + world_.delay(world_.options().net_hop);
    co_await shard_.sleep_until(answered);
    if (refused) co_return io_fail(ECONNREFUSED, "connect", address.to_string());
    co_return stream;
}

std::unique_ptr<Stream> SimNet::attach(std::unique_ptr<DetachedStream> stream) {
    auto* detached = dynamic_cast<SimDetached*>(stream.get());
    CHECK(detached != nullptr);
    const int side = detached->side();
    return std::make_unique<SimStream>(world_, detached->take(), side);
}

}  // namespace cauce::sim
