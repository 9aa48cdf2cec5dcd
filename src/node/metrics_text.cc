#include "node/metrics_text.h"

#include "base/version.h"
#include "http/exposition.h"
#include "live/metric_table.h"
#include "metadata/topic.h"
#include "wire/api_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cauce::node {

namespace {

using http::Exposition;
using http::Label;
using live::metric;
using live::Metric;
using runtime::Task;

constexpr std::size_t kPieceBytes = 32 * 1024;

// BrokerState, as Kafka numbers it.
int broker_state(Phase phase) {
    switch (phase) {
        case Phase::opening:
        case Phase::replaying:
            return 1;  // STARTING
        case Phase::recovering:
        case Phase::registering:
            return 2;  // RECOVERY
        case Phase::serving:
            return 3;  // RUNNING
        case Phase::stopping:
            return 6;  // PENDING_CONTROLLED_SHUTDOWN
    }
    return 0;
}

struct Quantile {
    double q;
    std::string_view label;
};
// The percentiles of Kafka's own histograms, in the form that the exporters' rules give them.
constexpr std::array kQuantiles{Quantile{0.5, "0.50"},  Quantile{0.75, "0.75"},
                                Quantile{0.95, "0.95"}, Quantile{0.98, "0.98"},
                                Quantile{0.99, "0.99"}, Quantile{0.999, "0.999"}};

// Bounds of the histogram that is shown: 64 us to 34 s, one an octave.
constexpr int kShownFirst = 16;
constexpr int kShownLast = 35;

double as_seconds(Duration span) {
    return std::chrono::duration<double>(span).count();
}

// What a topic's partitions here add up to, as its leaders.
struct TopicSums {
    live::PartitionCounters counters;
    std::vector<const PartitionFacts*> partitions;  // by number; null where it is not here
};

// A sample for each topic that has partitions here.
struct TopicFamily {
    const Metric& metric;
    std::uint64_t (*value)(const live::PartitionCounters&);
};
constexpr std::array kTopicFamilies{
    TopicFamily{metric("kafka_server_brokertopicmetrics_messagesin_total"),
                [](const live::PartitionCounters& c) { return c.appended_records; }},
    TopicFamily{metric("kafka_server_brokertopicmetrics_bytesin_total"),
                [](const live::PartitionCounters& c) { return c.appended_bytes; }},
    TopicFamily{metric("kafka_server_brokertopicmetrics_bytesout_total"),
                [](const live::PartitionCounters& c) { return c.fetched_bytes; }},
    TopicFamily{metric("kafka_server_brokertopicmetrics_totalproducerequests_total"),
                [](const live::PartitionCounters& c) {
                    return c.appended_batches + c.duplicate_batches + c.refused_batches;
                }},
    TopicFamily{metric("kafka_server_brokertopicmetrics_failedproducerequests_total"),
                [](const live::PartitionCounters& c) { return c.refused_batches; }},
    TopicFamily{metric("kafka_server_brokertopicmetrics_totalfetchrequests_total"),
                [](const live::PartitionCounters& c) { return c.fetches; }},
};

// A sample for each partition that is here.
struct LogFamily {
    const Metric& metric;
    std::int64_t (*value)(const PartitionFacts&);
};
constexpr std::array kLogFamilies{
    LogFamily{metric("kafka_log_log_size"),
              [](const PartitionFacts& p) { return static_cast<std::int64_t>(p.size_bytes); }},
    LogFamily{metric("kafka_log_log_numlogsegments"),
              [](const PartitionFacts& p) { return static_cast<std::int64_t>(p.segments); }},
    LogFamily{metric("kafka_log_log_logstartoffset"),
              [](const PartitionFacts& p) { return p.log_start.value; }},
    LogFamily{metric("kafka_log_log_logendoffset"),
              [](const PartitionFacts& p) { return p.log_end.value; }},
};

// A sample for each partition of the cluster, under kafka_exporter's names. `here` is null unless
// this node leads it; nothing where this node does not know.
struct PartitionFamily {
    const Metric& metric;
    std::optional<std::int64_t> (*value)(const metadata::Partition&, const PartitionFacts* here);
};
constexpr std::array kPartitionFamilies{
    PartitionFamily{
        metric("kafka_topic_partition_current_offset"),
        [](const metadata::Partition&, const PartitionFacts* here) -> std::optional<std::int64_t> {
            if (here == nullptr) return std::nullopt;
            return here->high_watermark.value;
        }},
    PartitionFamily{
        metric("kafka_topic_partition_oldest_offset"),
        [](const metadata::Partition&, const PartitionFacts* here) -> std::optional<std::int64_t> {
            if (here == nullptr) return std::nullopt;
            return here->log_start.value;
        }},
    PartitionFamily{metric("kafka_topic_partition_leader"),
                    [](const metadata::Partition& p, const PartitionFacts*)
                        -> std::optional<std::int64_t> { return p.leader.value; }},
    PartitionFamily{
        metric("kafka_topic_partition_leader_is_preferred"),
        [](const metadata::Partition& p, const PartitionFacts*) -> std::optional<std::int64_t> {
            return p.leader == *p.replicas.begin() ? 1 : 0;
        }},
    PartitionFamily{
        metric("kafka_topic_partition_replicas"),
        [](const metadata::Partition& p, const PartitionFacts*) -> std::optional<std::int64_t> {
            return static_cast<std::int64_t>(p.replicas.size());
        }},
    PartitionFamily{
        metric("kafka_topic_partition_in_sync_replica"),
        [](const metadata::Partition& p, const PartitionFacts*) -> std::optional<std::int64_t> {
            return static_cast<std::int64_t>(p.isr.size());
        }},
    PartitionFamily{
        metric("kafka_topic_partition_under_replicated_partition"),
        [](const metadata::Partition& p, const PartitionFacts*) -> std::optional<std::int64_t> {
            return p.isr.size() < p.replicas.size() ? 1 : 0;
        }},
};

// Strimzi's rules write the bean's name without its dash, the general rules with an underscore.
struct QuorumFamilies {
    const Metric& leader;
    const Metric& epoch;
    const Metric& high_watermark;
    const Metric& log_end;
    const Metric& state;
};
constexpr std::array kQuorumFamilies{
    QuorumFamilies{metric("kafka_server_raftmetrics_current_leader"),
                   metric("kafka_server_raftmetrics_current_epoch"),
                   metric("kafka_server_raftmetrics_high_watermark"),
                   metric("kafka_server_raftmetrics_log_end_offset"),
                   metric("kafka_server_raftmetrics_current_state")},
    QuorumFamilies{metric("kafka_server_raft_metrics_current_leader"),
                   metric("kafka_server_raft_metrics_current_epoch"),
                   metric("kafka_server_raft_metrics_high_watermark"),
                   metric("kafka_server_raft_metrics_log_end_offset"),
                   metric("kafka_server_raft_metrics_current_state")}};

class Writer {
public:
    Writer(const NodeFacts& facts, const live::RequestTimes& recent, Deliver deliver)
        : facts_(facts), recent_(recent), deliver_(std::move(deliver)) {
        for (const ShardFacts& shard : facts_.shards)
            for (const PartitionFacts& partition : shard.partitions)
                add(partition);
    }

    Task<void> write() {
        write_node();
        write_directories();
        write_cleaner();
        if (facts_.quorum) write_quorum(*facts_.quorum);
        write_requests();
        if (facts_.image) {
            write_cluster();
            co_await write_topics();
            co_await write_groups();
        }
        if (out_.size() > 0 && !gone_) co_await deliver_(out_.take());
    }

private:
    void add(const PartitionFacts& partition) {
        TopicSums& topic = topics_[partition.topic];
        const auto number = static_cast<std::size_t>(partition.partition);
        if (topic.partitions.size() <= number) topic.partitions.resize(number + 1);
        topic.partitions[number] = &partition;
        const live::PartitionCounters& counted = partition.counters;
        topic.counters.appended_batches += counted.appended_batches;
        topic.counters.appended_records += counted.appended_records;
        topic.counters.appended_bytes += counted.appended_bytes;
        topic.counters.duplicate_batches += counted.duplicate_batches;
        topic.counters.refused_batches += counted.refused_batches;
        topic.counters.fetched_bytes += counted.fetched_bytes;
        topic.counters.fetches += counted.fetches;
    }

    const TopicSums* sums_of(const metadata::Topic& topic) const {
        const auto found = topics_.find(topic.id());
        return found == topics_.end() ? nullptr : &found->second;
    }

    // Null when it is not here.
    const PartitionFacts* find(const metadata::Topic& topic, std::int32_t partition) const {
        const TopicSums* sums = sums_of(topic);
        const auto number = static_cast<std::size_t>(partition);
        if (sums == nullptr || number >= sums->partitions.size()) return nullptr;
        return sums->partitions[number];
    }

    bool due() const { return gone_ || out_.size() >= kPieceBytes; }
    // What has been written is sent; false: nobody reads any more. Where it is due().
    Task<bool> flush() {
        if (gone_) co_return false;
        gone_ = !co_await deliver_(out_.take());
        co_await runtime::yield();
        co_return !gone_;
    }

    void begin(const Metric& metric) { out_.family(metric.name, metric.type, metric.text); }
    template <typename Number>
    void one(const Metric& metric, Number value) {
        begin(metric);
        out_.sample(value);
    }

    void write_node();
    void write_directories();
    void write_quorum(const quorum::QuorumStatus& quorum);
    void write_requests();
    void write_cleaner();
    Task<void> write_dirt();
    void write_cluster();
    Task<void> by_topic(const TopicFamily& family);
    Task<void> by_log(const LogFamily& family);
    Task<void> by_partition(const PartitionFamily& family);
    Task<void> write_topics();
    Task<void> write_groups();

    const NodeFacts& facts_;
    const live::RequestTimes& recent_;
    const Deliver deliver_;
    Exposition out_;
    bool gone_ = false;
    std::unordered_map<TopicId, TopicSums> topics_;
};

void Writer::write_node() {
    begin(metric("cauce_build_info"));
    out_.sample({{"version", kVersion}}, 1);
    one(metric("cauce_uptime_seconds"), as_seconds(facts_.up));
    one(metric("kafka_server_kafkaserver_brokerstate"), broker_state(facts_.phase));
    one(metric("kafka_log_logmanager_offlinelogdirectorycount"), facts_.offline_directories);

    begin(metric("cauce_connections"));
    for (std::size_t i = 0; i < facts_.shards.size(); ++i)
        out_.sample({{"shard", std::to_string(i)}}, facts_.shards[i].connections);
    begin(metric("cauce_request_memory_bytes"));
    for (std::size_t i = 0; i < facts_.shards.size(); ++i)
        out_.sample({{"shard", std::to_string(i)}}, facts_.shards[i].request_bytes);
}

void Writer::write_directories() {
    const auto by_directory = [this](const Metric& family, const auto& value) {
        begin(family);
        for (const DirectoryFacts& directory : facts_.directories)
            out_.sample({{"directory", directory.path}}, value(directory.space));
    };
    using storage::SpaceFound;
    by_directory(metric("cauce_log_directory_free_bytes"),
                 [](const SpaceFound& found) { return found.space.free_bytes; });
    by_directory(metric("cauce_log_directory_total_bytes"),
                 [](const SpaceFound& found) { return found.space.total_bytes; });
    by_directory(metric("cauce_log_directory_stage"),
                 [](const SpaceFound& found) { return static_cast<int>(found.stage); });

    std::map<std::string_view, SpaceCounts> counts;
    for (const ShardFacts& shard : facts_.shards) {
        for (const SpaceCounts& some : shard.space) {
            SpaceCounts& sum = counts[some.path];
            sum.throttled_batches += some.throttled_batches;
            sum.refused_batches += some.refused_batches;
        }
    }
    begin(metric("cauce_log_directory_throttled_batches_total"));
    for (const auto& [path, sum] : counts)
        out_.sample({{"directory", path}}, sum.throttled_batches);
    begin(metric("cauce_log_directory_refused_batches_total"));
    for (const auto& [path, sum] : counts)
        out_.sample({{"directory", path}}, sum.refused_batches);
}

void Writer::write_cleaner() {
    const CleanerTotals& cleaner = facts_.cleaner;
    double dirtiest = 0;
    std::int64_t refused = 0;
    for (const ShardFacts& shard : facts_.shards) {
        for (const PartitionFacts& partition : shard.partitions) {
            if (!partition.compaction) continue;
            dirtiest = std::max(dirtiest, partition.compaction->dirty);
            if (partition.compaction->refused) ++refused;
        }
    }
    one(metric("kafka_log_logcleaner_cleaner_recopy_percent"), cleaner.recopied * 100);
    one(metric("kafka_log_logcleaner_max_buffer_utilization_percent"), cleaner.map_use * 100);
    one(metric("kafka_log_logcleaner_max_clean_time_secs"), as_seconds(cleaner.took));
    one(metric("kafka_log_logcleanermanager_max_dirty_percent"), dirtiest * 100);
    one(metric("kafka_log_logcleanermanager_time_since_last_run_ms"),
        std::chrono::duration_cast<milliseconds>(facts_.since_cleaner_looked).count());
    one(metric("kafka_log_logcleanermanager_uncleanable_partitions_count"), refused);
    one(metric("cauce_compaction_bytes_total"), cleaner.bytes);
    one(metric("cauce_compaction_kept_bytes_total"), cleaner.kept_bytes);
}

Task<void> Writer::write_dirt() {
    begin(metric("cauce_compaction_dirty_percent"));
    for (const auto& topic : facts_.image->topics()) {
        const TopicSums* sums = sums_of(*topic);
        if (sums == nullptr) continue;
        for (const PartitionFacts* partition : sums->partitions) {
            if (partition == nullptr || !partition->compaction) continue;
            const std::string number = std::to_string(partition->partition);
            out_.sample({{"topic", topic->name()}, {"partition", number}},
                        partition->compaction->dirty * 100);
            if (due() && !co_await flush()) co_return;
        }
    }
}

void Writer::write_quorum(const quorum::QuorumStatus& quorum) {
    one(metric("kafka_controller_kafkacontroller_activecontrollercount"), quorum.is_leader ? 1 : 0);
    for (const QuorumFamilies& bean : kQuorumFamilies) {
        one(bean.leader, quorum.leader.leader ? quorum.leader.leader->value : -1);
        one(bean.epoch, quorum.leader.epoch.value);
        one(bean.high_watermark, quorum.high_watermark.value);
        one(bean.log_end, quorum.log_end.value);
        begin(bean.state);
        out_.sample({{"current_state", quorum.is_leader ? "leader" : "follower"}}, 1);
    }
}

void Writer::write_requests() {
    const live::RequestTimes all = request_times(facts_);
    // A broker of Apache Kafka tells the fetches of consumers from those of followers. Here nobody
    // but consumers fetches yet, and dashboards ask for them by this name.
    const auto each = [](const live::RequestTimes& times, const auto& visit) {
        for (const auto& [key, spans] : times) {
            const wire::ApiInfo* api = wire::find_api(key);
            if (api == nullptr) continue;
            visit(api->name, key, spans);
            if (api->key == wire::ApiKey::fetch) visit("FetchConsumer", key, spans);
        }
    };
    begin(metric("kafka_network_requestmetrics_requests_total"));
    each(all, [&](std::string_view name, std::int16_t, const live::Spans& spans) {
        out_.sample({{"request", name}}, spans.count());
    });
    begin(metric("kafka_network_requestmetrics_totaltimems"));
    const live::Spans nothing;
    each(all, [&](std::string_view name, std::int16_t key, const live::Spans& spans) {
        const auto late = recent_.find(key);
        const live::Spans& shown = late == recent_.end() ? nothing : late->second;
        for (const Quantile& quantile : kQuantiles) {
            const double value = shown.count() == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                    : shown.quantile(quantile.q) * 1000;
            out_.sample({{"request", name}, {"quantile", quantile.label}}, value);
        }
        const std::array<Label, 1> labels{Label{"request", name}};
        out_.sample("_sum", labels, as_seconds(spans.sum()) * 1000);
        out_.sample("_count", labels, spans.count());
    });
    begin(metric("cauce_request_duration_seconds"));
    for (const auto& [key, spans] : all) {
        const wire::ApiInfo* api = wire::find_api(key);
        if (api == nullptr) continue;
        for (int octave = kShownFirst; octave <= kShownLast; ++octave) {
            std::array<char, 32> bound{};
            const double seconds = std::ldexp(1.0, octave) * 1e-9;
            const auto end = std::to_chars(bound.begin(), bound.end(), seconds).ptr;
            const std::array<Label, 2> labels{Label{"request", api->name},
                                              Label{"le", {bound.data(), end}}};
            out_.sample("_bucket", labels, spans.shorter_than_octave(octave));
        }
        const std::array<Label, 2> rest{Label{"request", api->name}, Label{"le", "+Inf"}};
        out_.sample("_bucket", rest, spans.count());
        const std::array<Label, 1> labels{Label{"request", api->name}};
        out_.sample("_sum", labels, as_seconds(spans.sum()));
        out_.sample("_count", labels, spans.count());
    }
}

void Writer::write_cluster() {
    const metadata::Image& image = *facts_.image;
    std::int64_t active = 0, fenced = 0;
    for (const auto& broker : image.brokers())
        ++(broker->fenced ? fenced : active);
    std::int64_t leaderless = 0, under_replicated = 0, hosted = 0;
    for (const auto& topic : image.topics()) {
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const metadata::Partition* partition = topic->find(i);
            if (partition == nullptr) continue;
            if (partition->leader == metadata::kNoLeader) ++leaderless;
            if (partition->leader == facts_.node &&
                partition->isr.size() < partition->replicas.size())
                ++under_replicated;
            for (const NodeId replica : partition->replicas)
                if (replica == facts_.node) ++hosted;
        }
    }
    std::int64_t leads = 0, open = 0, under_min_isr = 0;
    for (const auto& topic : image.topics()) {
        const TopicSums* sums = sums_of(*topic);
        if (sums == nullptr) continue;
        for (const PartitionFacts* here : sums->partitions) {
            if (here == nullptr) continue;
            ++open;
            if (!here->leads) continue;
            ++leads;
            const metadata::Partition* partition = topic->find(here->partition);
            if (partition != nullptr &&
                std::cmp_less(partition->isr.size(), here->min_insync_replicas))
                ++under_min_isr;
        }
    }
    one(metric("kafka_controller_kafkacontroller_activebrokercount"), active);
    one(metric("kafka_controller_kafkacontroller_fencedbrokercount"), fenced);
    one(metric("kafka_controller_kafkacontroller_globaltopiccount"), image.topics().size());
    one(metric("kafka_controller_kafkacontroller_globalpartitioncount"), image.partition_count());
    one(metric("kafka_controller_kafkacontroller_offlinepartitionscount"), leaderless);
    one(metric("kafka_server_replicamanager_partitioncount"), open);
    one(metric("kafka_server_replicamanager_leadercount"), leads);
    one(metric("kafka_server_replicamanager_offlinereplicacount"),
        std::max<std::int64_t>(hosted - open, 0));
    one(metric("kafka_server_replicamanager_underreplicatedpartitions"), under_replicated);
    one(metric("kafka_server_replicamanager_underminisrpartitioncount"), under_min_isr);
}

Task<void> Writer::by_topic(const TopicFamily& family) {
    begin(family.metric);
    for (const auto& topic : facts_.image->topics()) {
        const TopicSums* sums = sums_of(*topic);
        if (sums == nullptr) continue;
        out_.sample({{"topic", topic->name()}}, family.value(sums->counters));
        if (due() && !co_await flush()) co_return;
    }
}

Task<void> Writer::by_log(const LogFamily& family) {
    begin(family.metric);
    for (const auto& topic : facts_.image->topics()) {
        const TopicSums* sums = sums_of(*topic);
        if (sums == nullptr) continue;
        for (const PartitionFacts* partition : sums->partitions) {
            if (partition == nullptr) continue;
            const std::string number = std::to_string(partition->partition);
            out_.sample({{"topic", topic->name()}, {"partition", number}},
                        family.value(*partition));
            if (due() && !co_await flush()) co_return;
        }
    }
}

Task<void> Writer::by_partition(const PartitionFamily& family) {
    begin(family.metric);
    for (const auto& topic : facts_.image->topics()) {
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const metadata::Partition* partition = topic->find(i);
            if (partition == nullptr) continue;
            const PartitionFacts* here = find(*topic, i);
            const bool led_here = here != nullptr && here->leads;
            const auto value = family.value(*partition, led_here ? here : nullptr);
            if (!value) continue;
            const std::string number = std::to_string(i);
            out_.sample({{"topic", topic->name()}, {"partition", number}}, *value);
            if (due() && !co_await flush()) co_return;
        }
    }
}

Task<void> Writer::write_topics() {
    for (const TopicFamily& family : kTopicFamilies)
        co_await by_topic(family);
    for (const LogFamily& family : kLogFamilies)
        co_await by_log(family);
    co_await write_dirt();
    std::int64_t brokers = 0;
    for (const auto& broker : facts_.image->brokers())
        if (!broker->fenced) ++brokers;
    one(metric("kafka_brokers"), brokers);
    begin(metric("kafka_topic_partitions"));
    for (const auto& topic : facts_.image->topics()) {
        out_.sample({{"topic", topic->name()}}, topic->partition_count());
        if (due() && !co_await flush()) co_return;
    }
    for (const PartitionFamily& family : kPartitionFamilies)
        co_await by_partition(family);
}

Task<void> Writer::write_groups() {
    if (gone_) co_return;
    begin(metric("kafka_consumergroup_members"));
    for (const ShardFacts& shard : facts_.shards) {
        for (const GroupFacts& group : shard.groups) {
            out_.sample({{"consumergroup", group.id}}, group.members);
            if (due() && !co_await flush()) co_return;
        }
    }
    struct Entry {
        const GroupFacts* group;
        const CommittedFacts* committed;
        std::optional<std::int64_t> lag;  // nothing when another node leads the partition
    };
    struct Sum {
        std::int64_t committed = 0;
        std::int64_t lag = 0;
    };
    std::vector<Entry> entries;
    std::map<std::pair<std::string_view, std::string_view>, Sum> sums;  // by group and topic
    for (const ShardFacts& shard : facts_.shards) {
        for (const GroupFacts& group : shard.groups) {
            for (const CommittedFacts& committed : group.committed) {
                Entry entry{&group, &committed, std::nullopt};
                const metadata::Topic* topic = facts_.image->topic(committed.topic);
                const PartitionFacts* here =
                    topic == nullptr ? nullptr : find(*topic, committed.partition);
                // Who committed an offset that was lost since, or that is not yet flushed, has read
                // it all the same.
                if (here != nullptr && here->leads)
                    entry.lag = std::max<std::int64_t>(
                        here->high_watermark.value - committed.committed.value, 0);
                Sum& sum = sums[{group.id, committed.topic}];
                sum.committed += committed.committed.value;
                sum.lag += entry.lag.value_or(0);
                entries.push_back(entry);
            }
        }
    }
    begin(metric("kafka_consumergroup_current_offset"));
    for (const Entry& entry : entries) {
        const std::string number = std::to_string(entry.committed->partition);
        out_.sample({{"consumergroup", entry.group->id},
                     {"topic", entry.committed->topic},
                     {"partition", number}},
                    entry.committed->committed.value);
        if (due() && !co_await flush()) co_return;
    }
    begin(metric("kafka_consumergroup_lag"));
    for (const Entry& entry : entries) {
        if (!entry.lag) continue;
        const std::string number = std::to_string(entry.committed->partition);
        out_.sample({{"consumergroup", entry.group->id},
                     {"topic", entry.committed->topic},
                     {"partition", number}},
                    *entry.lag);
        if (due() && !co_await flush()) co_return;
    }
    begin(metric("kafka_consumergroup_current_offset_sum"));
    for (const auto& [key, sum] : sums) {
        out_.sample({{"consumergroup", key.first}, {"topic", key.second}}, sum.committed);
        if (due() && !co_await flush()) co_return;
    }
    begin(metric("kafka_consumergroup_lag_sum"));
    for (const auto& [key, sum] : sums) {
        out_.sample({{"consumergroup", key.first}, {"topic", key.second}}, sum.lag);
        if (due() && !co_await flush()) co_return;
    }
}

}  // namespace

live::RequestTimes request_times(const NodeFacts& facts) {
    live::RequestTimes all;
    for (const ShardFacts& shard : facts.shards)
        for (const auto& [key, spans] : shard.requests)
            all[key].add(spans);
    return all;
}

live::RequestTimes RecentTimes::recent(const live::RequestTimes& all, MonoTime now) {
    while (seen_.size() > 1 && now - seen_[1].at >= kWindow)
        seen_.pop_front();
    live::RequestTimes out = all;
    if (!seen_.empty()) {
        for (auto& [key, spans] : out) {
            const auto before = seen_.front().times.find(key);
            if (before != seen_.front().times.end()) spans = spans.since(before->second);
        }
    }
    if (seen_.empty() || now - seen_.back().at >= kStep) seen_.push_back({now, all});
    return out;
}

Task<void> write_metrics(const NodeFacts& facts, const live::RequestTimes& recent,
                         Deliver deliver) {
    Writer writer(facts, recent, std::move(deliver));
    co_await writer.write();
}

}  // namespace cauce::node
