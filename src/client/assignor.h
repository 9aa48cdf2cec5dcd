// Who reads which partition: the assignments of classic groups, computed by the member the broker
// chose as the group's leader. Pure. The results are those of the Java client's assignors of the
// same names (the sticky one balances as well, but may pick other partitions), because members of
// both kinds share groups.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::client {

enum class Strategy : std::uint8_t {
    range,               // each topic in contiguous pieces
    round_robin,         // all partitions in turn
    cooperative_sticky,  // balanced; a partition changes hands in two steps: given up, then given
};

// "range", "roundrobin", "cooperative-sticky": the protocol names on the wire.
std::string_view strategy_name(Strategy strategy);
std::optional<Strategy> strategy_from_name(std::string_view name);

// What a member tells the leader.
struct Subscription {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::vector<std::string> topics;
    std::vector<TopicPartition> owned;  // what it reads now
    std::int32_t generation = -1;       // in which it was given that
};

// By member id; every member has an entry. Partitions are sorted.
using Assignment = std::map<std::string, std::vector<TopicPartition>>;

// `partition_counts` by topic; topics that are not in it do not exist.
Assignment assign(Strategy strategy, std::vector<Subscription> members,
                  const std::map<std::string, std::int32_t>& partition_counts);

// --- the opaque bytes of JoinGroup and SyncGroup

Buffer encode_subscription(const Subscription& subscription);
// What another client wrote: INVALID_REQUEST when it is no subscription.
Result<Subscription> decode_subscription(BytesView bytes);
Buffer encode_assignment(const std::vector<TopicPartition>& partitions);
Result<std::vector<TopicPartition>> decode_assignment(BytesView bytes);

}  // namespace cauce::client
