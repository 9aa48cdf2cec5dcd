// TopicChurn: makes topics and deletes some of them, and looks from time to time whether the broker
// lists what it should.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {

struct TopicSpec {
    std::string name;
    std::int32_t partitions = 1;
    std::map<std::string, std::string> config;
};

// Makes the topics and waits until the broker leads all their partitions; fills load.ids.
runtime::Task<void> create_topics(NodeSeams& seams, Load& load, std::vector<TopicSpec> specs);

class TopicChurn {
public:
    TopicChurn(NodeSeams& seams, Load& load) : seams_(seams), load_(load) {}

    // Ends when the load is drained, after a last look.
    runtime::Task<void> run();

private:
    runtime::Task<bool> create(BrokerClient& client);
    runtime::Task<bool> remove(BrokerClient& client);
    // The broker has a few seconds to hear of what was acknowledged.
    runtime::Task<bool> look(BrokerClient& client);

    NodeSeams& seams_;
    Load& load_;
    int next_ = 0;
    std::vector<std::string> present_;
    // Asked for over a connection that was lost: asked for again before anything else.
    std::string creating_;
    std::string deleting_;
    // Their creation was asked for over a connection that was lost, and may yet be carried out,
    // even behind their deletion.
    std::set<std::string> may_come_back_;
};

}  // namespace cauce::sim
