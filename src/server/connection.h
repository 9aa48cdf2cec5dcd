// One client connection: frames in, responses out in the order of their requests. Owned by its
// shard's acceptor, lives on that shard.
//
// Requests of a connection are handled one after another, as Kafka does, but for Produce: the next
// Produce starts as soon as the last one has appended, so that many can share one flush. Their
// appends keep their order, and so do all answers.
#pragma once

#include "live/client.h"
#include "runtime/net.h"
#include "runtime/task_group.h"
#include "server/frame_buffer.h"
#include "server/response.h"
#include "server/shard_services.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace cauce::server {

class Connection {
public:
    // `client`: who is at the other end, as far as is known. `received`: what another shard had
    // read of it and not handled.
    Connection(ShardServices& shard, std::unique_ptr<runtime::Stream> stream,
               const Listener& listener, live::Client client, FrameBuffer received);
    ~Connection();

    // Serves until the peer leaves, sends what cannot be understood, stays idle too long, or
    // close() is called; ends when every request it took has been answered or given up.
    Task<void> run();

    // No more requests. Those under way are finished and answered.
    void close();

    // After close(): does not wait for the peer to read its answers any longer.
    void abandon();

    // True when the rest of a large request is waited for and hardly comes: its memory is what
    // others may wait for. To be asked again and again while they do.
    bool dawdles();
    // Gives back what it was busy with once, when nothing has come yet of its next request.
    void release_idle();

    // Takes no further request for so long; those under way are answered.
    void mute(Duration time);

    // What a request found out: one shard owned all of it (D2). A connection whose requests keep
    // going to another shard moves there, once those under way are answered; but readers in bulk
    // stay apart, as sending is what they cost and one shard sends for one processor only.
    void owned_by(unsigned shard);
    // After run(): where to go on, when the connection ended only here.
    std::optional<unsigned> moving_to() const { return moving_to_; }
    std::unique_ptr<runtime::DetachedStream> detach() { return stream_->detach(); }
    FrameBuffer take_received() { return frames_.take_along(); }

    live::Client& client() { return client_; }
    const live::Client& client() const { return client_; }
    const Listener& listener() const { return listener_; }

private:
    struct Slot {
        MonoTime began;             // the turn in which the request was whole
        std::int16_t api_key = -1;  // once it is answered
        Response response;
        bool done = false;
    };

    Task<void> read_requests();
    Task<void> write_responses();
    Task<void> handle(Frame frame, Slot& slot);
    // False when there is nothing more to read for.
    Task<bool> make_room();
    Task<void> keep_quiet();
    void start_pace();
    bool accept_frame_size(std::int32_t size);
    void arm_idle_timer();
    void check_idleness();
    bool row_is_long() const;
    // At the end of a long row: whether the connection had better be at its shard.
    Task<bool> should_move();
    void read_in_bulk(bool now);

    struct IdleTimer : runtime::Timer {
        explicit IdleTimer(Connection& owner);
        Connection& connection;
    };

    // Produce requests of one connection that may be under way at once: more would only queue
    // behind the flush.
    static constexpr std::size_t kInFlightMax = 64;
    // So many requests in a row for one other shard make a connection move.
    static constexpr std::uint32_t kMovesAfter = 64;
    // Readers in bulk are those whose answers have so much each on average, asked of so many of
    // the row: sooner than they may move, so that each knows of the others by then.
    static constexpr std::size_t kBulkBytes = 64 * 1024;
    static constexpr std::uint32_t kBulkAfter = 16;
    // Memory for large requests is kept for so long when none come.
    static constexpr Duration kMemoryKept = seconds(5);
    // What one write gathers; a large fetch response goes alone.
    static constexpr std::size_t kWriteBytes = 1024 * 1024;
    // The least that must come of a half request in a second, when memory is short; measured over
    // at least kPaceTime. Who has the turn, and with it more than its share, is given less time.
    static constexpr std::int64_t kPaceBytes = 100 * 1024;
    static constexpr Duration kPaceTime = seconds(5);
    static constexpr Duration kTurnPaceTime = seconds(1);
    // A client with so much to read is answered no further request before it has read.
    static constexpr std::size_t kUnreadBytesMax = 1024 * 1024;

    ShardServices& shard_;
    std::unique_ptr<runtime::Stream> stream_;
    const Listener& listener_;
    live::Client client_;

    FrameBuffer frames_;
    std::deque<Slot>
        slots_;  // in the order of the requests; the front ones that are done get written
    std::size_t unread_bytes_ = 0;  // of the responses that are done
    std::size_t in_flight_ = 0;
    bool reading_ = false;         // the peer is who is waited for
    bool awaits_request_ = false;  // and nothing has come yet
    bool memory_watched_ = false;  // the idle timer asks after the memory too
    MonoTime pace_since_;          // of the half request
    std::size_t pace_bytes_ = 0;
    bool closing_ = false;  // no more reading
    bool broken_ = false;   // no more writing either
    bool reading_ended_ = false;
    MonoTime last_active_;
    MonoTime muted_until_;
    unsigned wanted_shard_ = 0;
    std::uint32_t wanted_in_a_row_ = 0;
    std::size_t row_bytes_ = 0;   // answered in this row
    bool reads_in_bulk_ = false;  // and is counted by the shard
    std::optional<unsigned> moving_to_;
    runtime::WaitList handled_;   // a request was finished
    runtime::WaitList writable_;  // there may be something to write, or nothing ever again
    runtime::WaitList written_;
    IdleTimer idle_timer_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::server
