#include "server/connection.h"

#include "base/sim_maybe.h"
#include "server/dispatch.h"
#include "server/request_context.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace cauce::server {

namespace {

// A visit to another shard: whether it would still have no more readers in bulk than the asker's,
// if one of those came.
struct AskForRoom {
    const ShardServices* there;
    std::uint32_t readers;  // on the asker's shard
    Task<bool> operator()() { return run(*there, readers); }
    static Task<bool> run(const ShardServices& there, std::uint32_t readers) {
        co_return there.bulk_readers < readers;
    }
};

}  // namespace

Connection::IdleTimer::IdleTimer(Connection& owner)
    : Timer([](Timer* self) { static_cast<IdleTimer*>(self)->connection.check_idleness(); }),
      connection(owner) {}

Connection::Connection(ShardServices& shard, std::unique_ptr<runtime::Stream> stream,
                       const Listener& listener, live::Client client, FrameBuffer received)
    : shard_(shard),
      stream_(std::move(stream)),
      listener_(listener),
      client_(std::move(client)),
      frames_(std::move(received)),
      last_active_(shard.shards.clock().now()),
      idle_timer_(*this),
      tasks_(shard.shards.ready()) {
    frames_.use(shard_.request_memory);
}

Connection::~Connection() {
    read_in_bulk(false);
    shard_.request_memory.withdraw(this);
}

Task<void> Connection::run() {
    arm_idle_timer();
    tasks_.spawn(write_responses());
    co_await read_requests();
    shard_.request_memory.withdraw(this);
    while (in_flight_ > 0)
        co_await handled_.wait();
    reading_ended_ = true;
    writable_.notify_all();
    co_await tasks_.join();
    idle_timer_.disarm();
    if (broken_) moving_to_.reset();
    if (!moving_to_) stream_->close();
}

void Connection::mute(Duration time) {
    if (time <= Duration::zero()) return;
    muted_until_ = std::max(muted_until_, shard_.shards.clock().now() + time);
}

Task<void> Connection::keep_quiet() {
    while (shard_.shards.clock().now() < muted_until_ && !closing_ && !broken_) {
        // Its silence is our wish.
        last_active_ = muted_until_;
        co_await handled_.wait_until(shard_.shards.timers(), muted_until_);
    }
}

void Connection::owned_by(unsigned shard) {
    if (shard != wanted_shard_) {
        wanted_shard_ = shard;
        wanted_in_a_row_ = 0;
        row_bytes_ = 0;
    }
    if (++wanted_in_a_row_ % kBulkAfter == 0)
        read_in_bulk(row_bytes_ / wanted_in_a_row_ >= kBulkBytes);
}

bool Connection::row_is_long() const {
    if (wanted_in_a_row_ > 0 && sim_maybe("connection.move_early", 64)) return true;
    return wanted_in_a_row_ >= kMovesAfter;
}

Task<bool> Connection::should_move() {
    wanted_in_a_row_ = 0;
    row_bytes_ = 0;
    if (wanted_shard_ == shard_.shards.self()) co_return false;
    if (!reads_in_bulk_) co_return true;
    AskForRoom question{shard_.peers[wanted_shard_], shard_.bulk_readers};
    co_return co_await shard_.shards.on(wanted_shard_, std::move(question));
}

void Connection::read_in_bulk(bool now) {
    if (now == reads_in_bulk_) return;
    reads_in_bulk_ = now;
    if (now) {
        ++shard_.bulk_readers;
    } else {
        --shard_.bulk_readers;
    }
}

void Connection::close() {
    if (closing_) return;
    closing_ = true;
    // Responses of requests under way still go out when nothing more is read: the stream is closed
    // by run().
    if (slots_.empty()) stream_->close();
    shard_.request_memory.withdraw(this);
    handled_.notify_all();
    writable_.notify_all();
}

void Connection::abandon() {
    stream_->close();
}

void Connection::arm_idle_timer() {
    const MonoTime now = shard_.shards.clock().now();
    const Duration idle = shard_.settings.connections_max_idle;
    MonoTime due = MonoTime::never();
    if (idle > Duration::zero()) {
        due = last_active_ + idle;
        if (due <= now) due = now + idle;  // not the peer's fault, so far
    }
    memory_watched_ = frames_.counts();
    if (memory_watched_) due = std::min(due, now + kMemoryKept);
    if (due != MonoTime::never()) shard_.shards.timers().arm(idle_timer_, due);
}

void Connection::check_idleness() {
    const Duration idle = shard_.settings.connections_max_idle;
    const Duration silent = shard_.shards.clock().now() - last_active_;
    // A request under way (a long poll, a parked join) is not idleness; answers that nobody reads
    // are.
    const bool waits_for_us = !slots_.empty() && !slots_.front().done;
    if (idle > Duration::zero() && !waits_for_us && silent >= idle) {
        close();
        abandon();
        return;
    }
    if (silent >= kMemoryKept) release_idle();
    arm_idle_timer();
}

void Connection::release_idle() {
    if (awaits_request_) frames_.release();
}

bool Connection::accept_frame_size(std::int32_t size) {
    if (size >= 0 && size <= shard_.settings.socket_request_max_bytes) return true;
    shard_.log.warn("closing the connection of " + client_.host + ": a request of " +
                    std::to_string(size) + " bytes; socket.request.max.bytes allows " +
                    std::to_string(shard_.settings.socket_request_max_bytes));
    return false;
}

Task<bool> Connection::make_room() {
    RequestMemory& memory = shard_.request_memory;
    while (!closing_ && !broken_) {
        const std::size_t bytes = frames_.growth();
        if (bytes == 0 || memory.grants(bytes, this)) co_return true;
        if (frames_.be_modest()) continue;
        co_await memory.wait(bytes, this);
        start_pace();
    }
    co_return false;
}

void Connection::start_pace() {
    pace_since_ = shard_.shards.clock().now();
    pace_bytes_ = 0;
}

bool Connection::dawdles() {
    if (!reading_ || frames_.empty() || !frames_.counts()) return false;
    const Duration taken = shard_.shards.clock().now() - pace_since_;
    const bool has_turn = shard_.request_memory.has_turn(this);
    if (taken < (has_turn ? kTurnPaceTime : kPaceTime)) return false;
    const std::int64_t due = kPaceBytes * std::chrono::duration_cast<seconds>(taken).count();
    if (std::cmp_less(pace_bytes_, due)) return true;
    start_pace();  // what came at once at the start must not excuse silence later
    return false;
}

Task<void> Connection::read_requests() {
    bool handled = true;
    while (!closing_ && !broken_) {
        // Here, and not where it may move to: the pause stays with who was told of it.
        if (shard_.shards.clock().now() < muted_until_) {
            co_await keep_quiet();
            if (closing_ || broken_) break;
        }
        // What was taken is answered here, what was only received goes along.
        if (row_is_long() && co_await should_move()) {
            moving_to_ = wanted_shard_;
            break;
        }
        const auto size = frames_.frame_size();
        if (size && !accept_frame_size(*size)) break;
        auto frame = frames_.next();
        if (!frame) {
            if (frames_.empty()) {
                awaits_request_ = true;
                co_await stream_->arrival();
                awaits_request_ = false;
            }
            if (frames_.growth() > 0 && !co_await make_room()) break;
            if (frames_.counts() && !memory_watched_) arm_idle_timer();
            // The time its last request took is not the peer's.
            if (std::exchange(handled, false)) start_pace();
            reading_ = true;
            const auto bytes = co_await stream_->read_some(frames_.room());
            reading_ = false;
            if (!bytes || *bytes == 0) break;
            if (frames_.empty()) start_pace();
            frames_.received(*bytes);
            pace_bytes_ += *bytes;
            last_active_ = shard_.shards.clock().now();
            continue;
        }
        shard_.request_memory.whole(this);
        handled = true;
        // Produce may start beside other Produce requests; everything else waits for what came
        // before it.
        const bool overlaps = may_overlap(frame->bytes);
        const std::size_t limit = overlaps ? kInFlightMax - 1 : 0;
        while (in_flight_ > limit && !broken_)
            co_await handled_.wait();
        if (broken_) break;
        ++in_flight_;
        Slot& slot = slots_.emplace_back();
        slot.began = shard_.shards.clock().now();
        if (overlaps) {
            tasks_.spawn(handle(std::move(*frame), slot));
        } else {
            co_await handle(std::move(*frame), slot);
            // A client that sends faster than it reads waits here, not in our memory.
            while ((slots_.size() >= kInFlightMax || unread_bytes_ >= kUnreadBytesMax) && !broken_)
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
    } else {
        slot.api_key = context.api_key();
    }
    slot.response = context.take_response();
    slot.done = true;
    const std::size_t bytes = slot.response.size();
    unread_bytes_ += bytes;
    row_bytes_ += bytes;
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
                // A file's error: peers have others. Half an answer cannot be taken back, so the
                // peer learns nothing, and comes again.
                const IoError& error = written.error();
                if (error.number == EIO) {
                    shard_.log.error("closing the connection of " + client_.host +
                                     ": what it asked for cannot be read: " + error.to_string());
                }
                broken_ = true;
                stream_->close();
                shard_.request_memory.withdraw(this);
            }
        }
        const MonoTime now = shard_.stopwatch.read();
        for (std::size_t i = 0; i < count; ++i) {
            const Slot& slot = slots_.front();
            if (slot.api_key >= 0) shard_.request_times[slot.api_key].add(now - slot.began);
            unread_bytes_ -= slot.response.size();
            slots_.pop_front();
        }
        last_active_ = shard_.shards.clock().now();
        written_.notify_all();
        handled_.notify_all();
        if (closing_ && slots_.empty() && !moving_to_) stream_->close();
    }
}

}  // namespace cauce::server
