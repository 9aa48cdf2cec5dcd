// Trimmer: writes to a partition of its own, has records removed from its beginning, and reads what
// is left, one thing after another. With a short retention time the broker removes records too.
#pragma once

#include "sim/checkers/start_checker.h"
#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"
#include "sim/workloads/topic_churn.h"

#include <cstdint>
#include <string>

namespace cauce::sim {

struct TrimmerOptions {
    TopicSpec topic;  // of one partition
    bool retention = false;
    bool durable = true;
};

class Trimmer {
public:
    Trimmer(NodeSeams& seams, Load& load, TrimmerOptions options);

    // Ends when the load is drained, after a last look.
    runtime::Task<void> run();

private:
    // Each is false when the connection has to be given up.
    runtime::Task<bool> produce(BrokerClient& client);
    runtime::Task<bool> remove(BrokerClient& client);
    runtime::Task<bool> look(BrokerClient& client);
    runtime::Task<bool> read_from(BrokerClient& client, Offset start);
    // What a broker may say for a while, and what it may not.
    bool judge(const char* request, ErrorCode error);

    NodeSeams& seams_;
    Load& load_;
    const TrimmerOptions options_;
    StartChecker checker_;
    RecordNumber next_number_ = 0;
};

}  // namespace cauce::sim
