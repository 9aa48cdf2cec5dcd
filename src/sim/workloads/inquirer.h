// Inquirer: asks a broker what its partitions know about themselves: where epochs end, where logs
// begin and how far they can be read.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"

#include <vector>

namespace cauce::sim {

class Inquirer {
public:
    Inquirer(NodeSeams& seams, Load& load, std::vector<TopicPartition> partitions)
        : seams_(seams), load_(load), partitions_(std::move(partitions)) {}

    // Ends when the load is drained.
    runtime::Task<void> run();

private:
    // False when the connection has to be given up.
    runtime::Task<bool> ask_epoch(BrokerClient& client);
    runtime::Task<bool> ask_offset(BrokerClient& client);
    // True when the answer says something.
    bool judge(const char* request, ErrorCode error);

    NodeSeams& seams_;
    Load& load_;
    const std::vector<TopicPartition> partitions_;
};

}  // namespace cauce::sim
