// What the live view shows, counted where it happens (D16): per partition, and per edge between a
// client and a partition. Plain increments on the shard that owns the partition; nobody else writes
// them, readers ask the shard (node/facts.h).
//
// Of the four positions of a partition only `fetched` has to be kept here. Appended is the log's
// end, replicated the high watermark, and committed is the coordinator's own state
// (coordinator::Host::for_each_committed). node/edge_reader.h puts them together.
#pragma once

#include "base/ids.h"
#include "live/client.h"

#include <cstdint>
#include <vector>

namespace cauce::live {

// Positions are offsets of the next record: "fetched = 10" means offsets 0 to 9 were given out.
struct PartitionCounters {
    std::uint64_t appended_batches = 0;
    std::uint64_t appended_records = 0;
    std::uint64_t appended_bytes = 0;
    std::uint64_t duplicate_batches = 0;  // sent before: answered, not appended
    std::uint64_t refused_batches = 0;
    std::uint64_t fetched_bytes = 0;
    std::uint64_t fetches = 0;
    Offset fetched;  // highest position a consumer has read up to
};

// One client's dealings with one partition, both ways. What was read for an answer that had no room
// for it is read, and counted, again. Fetched records are not counted: what is sent is a range of a
// file, in which nobody has looked at each batch; how far `fetched` moves says as much.
struct Edge {
    ClientToken client = 0;
    std::uint64_t appended_batches = 0;
    std::uint64_t appended_records = 0;
    std::uint64_t appended_bytes = 0;
    std::uint64_t fetches = 0;  // that brought records
    std::uint64_t fetched_bytes = 0;
    Offset appended;         // after the last record it appended; 0: none
    Offset fetched;          // after the last record it was given; 0: none
    std::uint64_t turn = 0;  // when it last came after another client, as Edges counts
};

// The edges of one partition. Few clients touch one partition, and the same one mostly comes again:
// a flat list, and a look at the last one first. Bounded: who has been silent for longest makes
// room, so clients that left make room for those that come. Nobody is told when one leaves: a
// reader sees it, because the token is in no shard's list of clients.
class Edges {
public:
    static constexpr std::size_t kMax = 256;

    Edges() = default;
    Edges(const Edges&) = delete;
    Edges& operator=(const Edges&) = delete;

    // Made when it is not there. To be used before the next call.
    Edge& of(ClientToken client) {
        if (last_ != nullptr && last_->client == client) return *last_;
        return take_turn(client);
    }
    // What was counted is no part of what comes after.
    void forget();
    const std::vector<Edge>& all() const { return edges_; }

private:
    Edge& take_turn(ClientToken client);

    std::vector<Edge> edges_;
    Edge* last_ = nullptr;  // one of them
    // Time, as far as it matters here. It moves when another client comes than last time, so the
    // hot path does not pay for it.
    std::uint64_t turns_ = 0;
};

}  // namespace cauce::live
