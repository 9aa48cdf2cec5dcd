// KeyWriter: writes records and tombstones of a few keys to a compacted partition of its own, and
// reads the whole of it again and again, one thing after another.
#pragma once

#include "sim/checkers/key_checker.h"
#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"
#include "sim/workloads/topic_churn.h"

#include <cstdint>
#include <optional>

namespace cauce::sim {

struct KeyWriterOptions {
    TopicSpec topic;  // of one partition
    int keys = 10;
    bool tombstones_stay = true;
};

class KeyWriter {
public:
    KeyWriter(NodeSeams& seams, Load& load, KeyWriterOptions options);

    // Ends when the load is drained, after a last pass.
    runtime::Task<void> run();

private:
    // Each is false when the connection has to be given up.
    runtime::Task<bool> produce(BrokerClient& client);
    runtime::Task<bool> read_all(BrokerClient& client);
    runtime::Task<std::optional<Offset>> find_start(BrokerClient& client);
    bool judge(const char* request, ErrorCode error);

    NodeSeams& seams_;
    Load& load_;
    const KeyWriterOptions options_;
    KeyChecker checker_;
    RecordNumber next_number_ = 0;
};

}  // namespace cauce::sim
