// The page /metrics: a node's facts under the names that Kafka's exporters use, all of which stand
// in live/metric_table.h (docs/metrics.md has each with type, labels and meaning). Made in pieces,
// because ten thousand partitions are megabytes of text.
#pragma once

#include "live/request_times.h"
#include "node/facts.h"
#include "runtime/task.h"

#include <deque>
#include <functional>
#include <string>

namespace cauce::node {

// Times of requests as a whole and of late: dashboards show quantiles of the last minutes.
// Remembers what earlier scrapes saw; nothing happens between them. On one shard.
class RecentTimes {
public:
    static constexpr Duration kWindow = std::chrono::minutes(5);
    static constexpr Duration kStep = std::chrono::minutes(1);

    // `all`: since the start. What was counted since the scrape that lies kWindow back, or, when
    // there is none yet, since the first one.
    live::RequestTimes recent(const live::RequestTimes& all, MonoTime now);

private:
    struct Seen {
        MonoTime at;
        live::RequestTimes times;
    };
    std::deque<Seen> seen_;
};

// Of all shards together.
live::RequestTimes request_times(const NodeFacts& facts);

// Takes pieces of some tens of KiB; false: nobody wants more.
using Deliver = std::function<runtime::Task<bool>(std::string)>;

// `facts` lives until the task ends. Gives way between pieces.
runtime::Task<void> write_metrics(const NodeFacts& facts, const live::RequestTimes& recent,
                                  Deliver deliver);

}  // namespace cauce::node
