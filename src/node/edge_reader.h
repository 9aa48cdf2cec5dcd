// EdgeReader: where each client stands in each partition, put together from the facts of a node
// (taken with Detail::edges). What is counted in different places meets here: the edge has what the
// client appended and was given, the partition its high watermark, the coordinator what is
// committed.
//
// Pure. The facts of several shards are not of one moment: positions agree with each other when
// nothing moves, and otherwise soon.
#pragma once

#include "base/ids.h"
#include "live/client.h"
#include "live/counters.h"
#include "node/facts.h"

#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cauce::node {

// Offsets of the next record. Nothing: the client has not done that here, or it is not known.
struct EdgePositions {
    std::optional<Offset> appended;    // after the last record it appended
    std::optional<Offset> replicated;  // as much of that as is below the high watermark
    std::optional<Offset> fetched;     // after the last record it was given
    std::optional<Offset> committed;   // by its group
    bool operator==(const EdgePositions&) const = default;
};

class EdgeReader {
public:
    // `facts` outlives it.
    explicit EdgeReader(const NodeFacts& facts);

    // Null: it has left, or is on its way from one shard to another, or is the node itself (0).
    const live::Client* client(live::ClientToken token) const;

    // The group it reads this partition for; empty when there is none, or no telling which.
    // Consumers ask their coordinator on one connection and fetch on another, which names no group:
    // it belongs with those of the same client.id and address, its kin. Where these speak for
    // several groups, it is the only one that gave a member of that name and address the partition.
    // Namesakes that read the same partition for different groups look alike.
    std::string_view group(const PartitionFacts& partition, live::ClientToken token) const;

    // `edge` is one of `partition`.
    EdgePositions positions(const PartitionFacts& partition, const live::Edge& edge) const;

private:
    struct Kin {
        std::vector<std::string_view> groups;  // that they speak for, each once
        bool unclear = false;                  // or for others too
    };

    // Empty when it is gone.
    std::string_view topic_name(const PartitionFacts& partition) const;
    // Whether members of a group that are called like `client`, and are where it is, were given the
    // partition. Nothing: it cannot be known.
    std::optional<bool> reads(std::string_view group, const live::Client& client,
                              const PartitionFacts& partition) const;
    std::optional<Offset> committed(std::string_view group, const PartitionFacts& partition) const;

    const NodeFacts& facts_;
    std::unordered_map<live::ClientToken, const live::Client*> clients_;
    std::map<std::pair<std::string_view, std::string_view>, Kin> kin_;  // by client.id and host
    std::unordered_map<std::string_view, const GroupFacts*> groups_;
};

}  // namespace cauce::node
