#include "server/connection.h"

#include "server/dispatch.h"
#include "server/request_context.h"

#include <utility>

namespace cauce::server {

Connection::IdleTimer::IdleTimer(Connection& owner)
    : Timer([](Timer* self) {
          Connection& connection = static_cast<IdleTimer*>(self)->connection;
          const Duration idle = connection.shard_.settings.connections_max_idle;
          const MonoTime now = connection.shard_.shards.clock().now();
          // A request under way (a long poll, a parked join) is not idleness.
          if (connection.slots_.empty() && now - connection.last_active_ >= idle) {
              connection.close();
          } else {
              connection.arm_idle_timer();
          }
      }),
      connection(owner) {}

Connection::Connection(ShardServices& shard, std::unique_ptr<runtime::Stream> stream,
                       const Listener& listener, FrameBuffer received)
    : shard_(shard),
      stream_(std::move(stream)),
      listener_(listener),
      frames_(std::move(received)),
      last_active_(shard.shards.clock().now()),
      idle_timer_(*this),
      tasks_(shard.shards.ready()) {
    identity_.token = shard.next_client_token();
    identity_.host = stream_->peer().host;
}

Connection::~Connection() = default;

Task<void> Connection::run() {
    arm_idle_timer();
    tasks_.spawn(write_responses());
    co_await read_requests();
    while (in_flight_ > 0)
        co_await handled_.wait();
    reading_ended_ = true;
    writable_.notify_all();
    co_await tasks_.join();
    idle_timer_.disarm();
    if (broken_) moving_to_.reset();
    if (!moving_to_) stream_->close();
}

void Connection::owned_by(unsigned shard) {
    wanted_in_a_row_ = shard == wanted_shard_ ? wanted_in_a_row_ + 1 : 1;
    wanted_shard_ = shard;
}

bool Connection::should_move() const {
    return wanted_in_a_row_ >= kMovesAfter && wanted_shard_ != shard_.shards.self();
}

void Connection::close() {
    if (closing_) return;
    closing_ = true;
    // Responses of requests under way still go out when nothing more is read: the stream is closed
    // by run().
    if (slots_.empty()) stream_->close();
    handled_.notify_all();
    writable_.notify_all();
}

void Connection::arm_idle_timer() {
    const Duration idle = shard_.settings.connections_max_idle;
    if (idle > Duration::zero())
        shard_.shards.timers().arm(idle_timer_, shard_.shards.clock().now() + idle);
}

bool Connection::accept_frame_size(std::int32_t size) {
    if (size >= 0 && size <= shard_.settings.socket_request_max_bytes) return true;
    shard_.log.warn("closing the connection of " + identity_.host + ": a request of " +
                    std::to_string(size) + " bytes; socket.request.max.bytes allows " +
                    std::to_string(shard_.settings.socket_request_max_bytes));
    return false;
}

Task<void> Connection::read_requests() {
    while (!closing_ && !broken_) {
        // What was taken is answered here, what was only received goes along.
        if (should_move()) {
            moving_to_ = wanted_shard_;
            break;
        }
        const auto size = frames_.frame_size();
        if (size && !accept_frame_size(*size)) break;
        auto frame = frames_.next();
        if (!frame) {
            const auto bytes = co_await stream_->read_some(frames_.room());
            if (!bytes || *bytes == 0) break;
            frames_.received(*bytes);
            last_active_ = shard_.shards.clock().now();
            continue;
        }
        // Produce may start beside other Produce requests; everything else waits for what came
        // before it.
        const bool overlaps = may_overlap(frame->bytes);
        const std::size_t limit = overlaps ? kInFlightMax - 1 : 0;
        while (in_flight_ > limit && !broken_)
            co_await handled_.wait();
        if (broken_) break;
        ++in_flight_;
        slots_.emplace_back();
        Slot& slot = slots_.back();
        if (overlaps) {
            tasks_.spawn(handle(std::move(*frame), slot));
        } else {
            co_await handle(std::move(*frame), slot);
            // A client that sends faster than it reads waits here, not in our memory.
            while (slots_.size() >= kInFlightMax && !broken_)
                co_await written_.wait();
        }
    }
    closing_ = true;
}

Task<void> Connection::handle(Frame frame, Slot& slot) {
    RequestContext context(shard_, *this, std::move(frame));
    const Outcome outcome = co_await dispatch(context);
    if (outcome == Outcome::close) {
        // What cannot be understood cannot be answered; the answers before it still go out.
        closing_ = true;
    }
    slot.response = context.take_response();
    slot.done = true;
    --in_flight_;
    handled_.notify_all();
    writable_.notify_all();
}

Task<void> Connection::write_responses() {
    std::vector<runtime::WritePart> parts;
    while (true) {
        while ((slots_.empty() || !slots_.front().done) && !reading_ended_)
            co_await writable_.wait();
        if (slots_.empty()) break;  // reading has ended, so nothing will follow
        parts.clear();
        std::size_t count = 0;
        std::size_t bytes = 0;
        while (count < slots_.size() && slots_[count].done && bytes < kWriteBytes) {
            const Response& response = slots_[count++].response;
            bytes += response.size();
            response.parts(parts);
        }
        if (!parts.empty() && !broken_) {
            const auto written = co_await stream_->write(parts);
            if (!written) {
                broken_ = true;
                stream_->close();
            }
        }
        for (std::size_t i = 0; i < count; ++i)
            slots_.pop_front();
        last_active_ = shard_.shards.clock().now();
        written_.notify_all();
        handled_.notify_all();
        if (closing_ && slots_.empty() && !moving_to_) stream_->close();
    }
}

}  // namespace cauce::server
