// GroupMember: a consumer of a classic group, as far as the coordinator sees it: joins, leads when
// it is told to, takes its part, sends heartbeats and commits ever higher offsets; now and then it
// leaves, or stays away without a word.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"
#include "sim/workloads/offsets.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

struct GroupMemberOptions {
    std::string group;
    std::vector<TopicPartition> partitions;  // what the group reads
    std::optional<std::string> instance;     // makes it a static member
    Duration pause = milliseconds(40);       // up to this, before it asks again
    milliseconds session_timeout{500};
};

class GroupMember {
public:
    GroupMember(NodeSeams& seams, Load& load, GroupMemberOptions options);

    // Ends when the load is drained.
    runtime::Task<void> run();

private:
    // What to do next.
    enum class Next : std::uint8_t {
        go_on,
        join,  // with the member id it has
        reconnect,
        stay_away,  // for so long that the group goes on without it
    };

    runtime::Task<bool> find_coordinator(BrokerClient& client);
    runtime::Task<Next> join(BrokerClient& client);
    runtime::Task<Next> sync(BrokerClient& client, std::vector<std::string> members);
    runtime::Task<Next> read_positions(BrokerClient& client);
    runtime::Task<Next> take_part(BrokerClient& client);
    runtime::Task<Next> heartbeat(BrokerClient& client);
    runtime::Task<Next> commit(BrokerClient& client);
    runtime::Task<void> leave(BrokerClient& client);
    Next after(ErrorCode error, const char* request);
    void become(const std::optional<std::string>& instance);
    std::string assignment_of(std::size_t member, std::size_t members) const;
    std::vector<TopicPartition> parse_assignment(BytesView bytes);

    NodeSeams& seams_;
    Load& load_;
    const std::vector<TopicPartition> partitions_;
    const Duration pause_;
    const milliseconds session_timeout_;
    const std::optional<std::string> instance_;
    std::uint64_t& progress_;  // heartbeats as a member
    GroupIdentity identity_;
    bool leads_ = false;
    Offsets positions_;  // of what it was assigned
};

}  // namespace cauce::sim
