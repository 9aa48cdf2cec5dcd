// Topics: makes and removes the topics of a run, and asks where they end. Each call has a
// connection of its own. Complaints are texts for people; an empty one means that it went well.
#pragma once

#include "peer.h"
#include "runtime/shards.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cauce::bench {

using TopicConfigs = std::vector<std::pair<std::string, std::string>>;

class Topics {
public:
    Topics(runtime::Shards& shards, runtime::Net& net, runtime::Address broker)
        : shards_(shards), net_(net), broker_(std::move(broker)) {}

    runtime::Task<IoResult<std::unique_ptr<Peer>>> connect();

    // One request a topic, because brokers limit the partitions of a request. One that is there
    // already is taken as it is. Apache Kafka answers clients before its controller counts it as a
    // broker that can hold replicas, so that is waited for.
    runtime::Task<std::string> create(const std::vector<std::string>& names,
                                      std::int32_t partitions, const TopicConfigs& configs);
    runtime::Task<std::string> remove(const std::vector<std::string>& names);

    // The end offset of each partition; empty when one of them does not answer with an offset.
    runtime::Task<std::vector<std::int64_t>> ends(const std::string& name, std::int32_t partitions);
    // Asks until every partition answers with an offset. A broker that does not listen yet is
    // waited for too.
    runtime::Task<std::string> await_serving(const std::vector<std::string>& names,
                                             std::int32_t partitions, MonoTime deadline);

private:
    runtime::Shards& shards_;
    runtime::Net& net_;
    runtime::Address broker_;
};

}  // namespace cauce::bench
