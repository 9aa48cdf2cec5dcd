// What the live view shows, counted where it happens (D16): per partition, and per edge between a
// client and a partition. Plain increments on the shard that owns the partition; nobody else writes
// them, readers ask the shard. Committed positions are the coordinator's own state, read there
// (coordinator::Host::for_each_committed).
#pragma once

#include "base/ids.h"
#include "base/time.h"

#include <cstdint>
#include <vector>

namespace cauce::live {

// A client as the cluster sees it: one number a connection's identity, given by its shard
// (ClientRegistry).
using ClientToken = std::uint64_t;

// Positions are offsets of the next record: "appended = 10" means offsets 0 to 9 are there.
struct PartitionCounters {
    std::uint64_t appended_batches = 0;
    std::uint64_t appended_records = 0;
    std::uint64_t appended_bytes = 0;
    std::uint64_t duplicate_batches = 0;  // sent before: answered, not appended
    std::uint64_t refused_batches = 0;
    std::uint64_t fetched_bytes = 0;
    std::uint64_t fetches = 0;
    Offset appended;    // log end
    Offset replicated;  // high watermark
    Offset fetched;     // highest position a consumer has read up to
};

enum class EdgeKind : std::uint8_t { produce, fetch };

// One client's dealings with one partition.
struct Edge {
    ClientToken client = 0;
    EdgeKind kind = EdgeKind::produce;
    std::uint64_t requests = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    Offset position;  // last appended, or next to fetch
};

// The edges of one partition. Few clients touch one partition, and the same one mostly comes again:
// a flat list with the last hit first. Bounded: the quietest edge makes room, so a stream of
// short-lived clients costs nothing.
class Edges {
public:
    static constexpr std::size_t kMax = 256;

    Edge& of(ClientToken client, EdgeKind kind);
    const std::vector<Edge>& all() const { return edges_; }

private:
    std::vector<Edge> edges_;
    std::size_t last_ = 0;
};

}  // namespace cauce::live
