// TopicSettings: changes settings of topics that are being written and read, and asks what they
// are.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"
#include "sim/workloads/topic_churn.h"

#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {

class TopicSettings {
public:
    // `topics` are there, with these settings.
    TopicSettings(NodeSeams& seams, Load& load, std::vector<TopicSpec> topics)
        : seams_(seams), load_(load), topics_(std::move(topics)) {}

    // Ends when the load is drained, after a last look.
    runtime::Task<void> run();

private:
    // Each is false when the connection has to be given up.
    runtime::Task<bool> alter(BrokerClient& client);
    // All topics. The broker has a few seconds to hear of what was acknowledged.
    runtime::Task<bool> look(BrokerClient& client);
    runtime::Task<bool> look_at(BrokerClient& client, std::string topic);
    bool judge(const char* request, ErrorCode error);

    NodeSeams& seams_;
    Load& load_;
    const std::vector<TopicSpec> topics_;
    std::int64_t next_value_ = 0;  // no value is given twice
};

}  // namespace cauce::sim
