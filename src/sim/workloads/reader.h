// Reader: reads partitions from the beginning on, with or without a fetch session, and tells what
// it sees. Now and then it goes back and reads again.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace cauce::wire {
struct FetchRequest;
struct FetchResponse;
}  // namespace cauce::wire

namespace cauce::sim {

class Reader {
public:
    // `to_the_end`: ends when every partition was read as far as is promised; else when the load is
    // drained.
    Reader(NodeSeams& seams, Load& load, std::vector<TopicPartition> partitions, bool to_the_end);

    runtime::Task<void> run();

    // Records seen by this reader, those seen again included.
    std::uint64_t records() const { return records_; }

private:
    struct Place {
        HistoryKey key = 0;
        Offset next{0};
        Offset floor{0};        // what the high watermark must not be below in the next answer
        Offset in_session{-1};  // what the session last heard; -1: nothing
    };

    bool done();
    std::int64_t longest_wait() const;
    runtime::Task<void> fetch_until_lost(BrokerClient& client);
    wire::FetchRequest make_request(std::int16_t version);
    // False when the session or the connection has to begin anew.
    bool take(const wire::FetchResponse& response, std::int16_t version);
    const TopicPartition* find(std::int16_t version, std::string_view topic, const TopicId& id,
                               std::int32_t partition) const;

    NodeSeams& seams_;
    Load& load_;
    const bool to_the_end_;
    std::uint64_t& progress_;  // answers
    const std::int32_t process_;
    std::map<TopicPartition, Place> places_;
    std::uint64_t records_ = 0;

    // Of the present connection.
    bool with_session_ = false;
    std::int32_t session_id_ = 0;
    std::int32_t session_epoch_ = -1;
};

}  // namespace cauce::sim
