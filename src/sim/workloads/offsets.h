// The offsets of a group, committed and fetched over any version, each told to the checker.
#pragma once

#include "base/error_code.h"
#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

// Who commits. A generation of -1 and an empty member: not as a member.
struct GroupIdentity {
    std::string group;
    std::int32_t generation = -1;
    std::string member;
    std::optional<std::string> instance;
};

using Offsets = std::map<TopicPartition, Offset>;

// none, or the first error. Nothing when the connection is gone.
runtime::Task<std::optional<ErrorCode>> commit_offsets(BrokerClient& client, Load& load,
                                                       GroupIdentity who, Offsets offsets);

// -1 where nothing was committed. Nothing when the connection is gone; an error when the broker
// said one.
runtime::Task<std::optional<std::expected<Offsets, ErrorCode>>> fetch_offsets(
    BrokerClient& client, Load& load, std::string group, std::vector<TopicPartition> partitions);

}  // namespace cauce::sim
