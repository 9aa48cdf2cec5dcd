#include "node/metrics_text.h"

#include "client/testing/loop.h"
#include "live/metric_table.h"
#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace cauce::node {
namespace {

class MetricsTextTest : public ::testing::Test {
public:
    client::testing::Loop loop;
    NodeFacts facts;
    std::vector<std::string> pieces;

    // The whole page.
    std::string page(std::size_t pieces_max = SIZE_MAX) {
        pieces.clear();
        const Deliver deliver = [this, pieces_max](std::string piece) {
            return keep(std::move(piece), pieces_max);
        };
        const live::RequestTimes times = request_times(facts);
        loop.run(write_metrics(facts, times, deliver));
        std::string all;
        for (const std::string& piece : pieces)
            all += piece;
        return all;
    }
    runtime::Task<bool> keep(std::string piece, std::size_t pieces_max) {
        pieces.push_back(std::move(piece));
        co_return pieces.size() < pieces_max;
    }
};

bool holds_line(const std::string& page, const std::string& line) {
    return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

TEST_F(MetricsTextTest, ANodeThatStarts) {
    facts.node = NodeId{1};
    const std::string text = page();
    EXPECT_TRUE(holds_line(text, "kafka_server_kafkaserver_brokerstate 1")) << text;
    EXPECT_EQ(text.find("kafka_topic_partition"), std::string::npos);
}

TEST_F(MetricsTextTest, TimesOfAllShardsAddUp) {
    facts.shards.resize(2);
    facts.shards[0].connections = 3;
    facts.shards[0].requests[0].add(milliseconds(2));
    facts.shards[1].requests[0].add(milliseconds(2));
    facts.shards[1].requests[1].add(milliseconds(500));
    facts.shards[1].requests[999].add(milliseconds(1));  // no API
    const std::string text = page();
    for (const std::string line : {
             "cauce_connections{shard=\"0\"} 3",
             "cauce_connections{shard=\"1\"} 0",
             "kafka_network_requestmetrics_requests_total{request=\"Produce\"} 2",
             "kafka_network_requestmetrics_requests_total{request=\"Fetch\"} 1",
             "kafka_network_requestmetrics_requests_total{request=\"FetchConsumer\"} 1",
             "kafka_network_requestmetrics_totaltimems_sum{request=\"Produce\"} 4",
             "kafka_network_requestmetrics_totaltimems_count{request=\"Produce\"} 2",
             "cauce_request_duration_seconds_bucket{request=\"Produce\",le=\"0.001048576\"} 0",
             "cauce_request_duration_seconds_bucket{request=\"Produce\",le=\"0.002097152\"} 2",
             "cauce_request_duration_seconds_bucket{request=\"Fetch\",le=\"+Inf\"} 1",
             "cauce_request_duration_seconds_sum{request=\"Fetch\"} 0.5",
         })
        EXPECT_TRUE(holds_line(text, line)) << line << "\n" << text;
    EXPECT_NE(text.find("totaltimems{request=\"Produce\",quantile=\"0.999\"} "), std::string::npos);
}

// Brokers 1 and 2; topic "a" with partition 0 here, 1 there, 2 without a leader; and as many more
// topics as are asked for.
metadata::ImagePointer image_of(std::uint64_t more_topics = 0) {
    metadata::RecordList records;
    for (const int id : {1, 2}) {
        wire::RegisterBrokerRecord broker;
        broker.broker_id = id;
        broker.broker_epoch = id;
        broker.fenced = id == 2;
        records.add(broker);
    }
    const auto add = [&](std::string_view name, TopicId id, std::vector<std::int32_t> leaders) {
        wire::TopicRecord topic;
        topic.name = name;
        topic.topic_id = id;
        records.add(topic);
        for (std::size_t i = 0; i < leaders.size(); ++i) {
            wire::PartitionRecord partition;
            partition.topic_id = id;
            partition.partition_id = static_cast<std::int32_t>(i);
            partition.replicas = {1, 2};
            partition.isr = {1};
            partition.directories.assign(2, Uuid{7, 7});
            partition.leader = leaders[i];
            partition.leader_epoch = 0;
            partition.partition_epoch = 0;
            records.add(partition);
        }
    };
    add("a", {1, 1}, {1, 2, -1});
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < more_topics; ++i)
        names.push_back("topic-" + std::to_string(i));
    for (std::uint64_t i = 0; i < more_topics; ++i)
        add(names[i], {2, i + 1}, {2});
    metadata::ImageBuilder builder;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto replayed = builder.replay(records[i]);
        EXPECT_TRUE(replayed) << replayed.error().message;
    }
    return builder.publish();
}

// A node that serves: it leads partition 0 of "a", and its group has read some of it.
NodeFacts serving_node() {
    NodeFacts facts;
    facts.node = NodeId{1};
    facts.phase = Phase::serving;
    facts.image = image_of();
    facts.cleaner.bytes = 800;
    facts.cleaner.kept_bytes = 300;
    facts.cleaner.recopied = 0.5;
    facts.cleaner.map_use = 0.125;
    facts.cleaner.took = milliseconds(1'500);
    facts.since_cleaner_looked = milliseconds(700);
    facts.quorum.emplace();
    facts.quorum->is_leader = true;
    facts.quorum->leader = {NodeId{1}, LeaderEpoch{4}};
    facts.quorum->high_watermark = Offset{70};
    facts.shards.resize(2);
    PartitionFacts led;
    led.topic = {1, 1};
    led.leads = true;
    led.min_insync_replicas = 2;
    led.size_bytes = 5000;
    led.segments = 2;
    led.log_start = Offset{10};
    led.high_watermark = Offset{90};
    led.log_end = Offset{100};
    led.compaction = {0.25, true};
    led.counters.appended_batches = 5;
    led.counters.appended_records = 100;
    led.counters.appended_bytes = 6000;
    led.counters.duplicate_batches = 1;
    led.counters.refused_batches = 2;
    led.counters.fetched_bytes = 700;
    led.counters.fetches = 3;
    facts.directories = {{"/a", {storage::SpaceStage::scarce, {5000, 400}, 100}},
                         {"/b", {storage::SpaceStage::ample, {9000, 8000}, 100}}};
    facts.shards[0].space = {{"/a", 3, 1}, {"/b", 0, 0}};
    facts.shards[1].space = {{"/a", 4, 0}, {"/b", 0, 0}};
    facts.shards[1].partitions.push_back(led);
    facts.shards[0].groups.push_back(
        {"readers", 2, {{"a", 0, Offset{30}}, {"a", 1, Offset{7}}, {"gone", 0, Offset{3}}}});
    return facts;
}

TEST_F(MetricsTextTest, PartitionsGroupsAndTheCluster) {
    facts = serving_node();
    const std::string text = page();
    for (const std::string line : {
             "kafka_server_kafkaserver_brokerstate 3",
             "cauce_log_directory_free_bytes{directory=\"/a\"} 400",
             "cauce_log_directory_total_bytes{directory=\"/b\"} 9000",
             "cauce_log_directory_stage{directory=\"/a\"} 1",
             "cauce_log_directory_stage{directory=\"/b\"} 0",
             "cauce_log_directory_throttled_batches_total{directory=\"/a\"} 7",
             "cauce_log_directory_refused_batches_total{directory=\"/a\"} 1",
             "cauce_log_directory_refused_batches_total{directory=\"/b\"} 0",
             "kafka_log_logcleaner_cleaner_recopy_percent 50",
             "kafka_log_logcleaner_max_buffer_utilization_percent 12.5",
             "kafka_log_logcleaner_max_clean_time_secs 1.5",
             "kafka_log_logcleanermanager_max_dirty_percent 25",
             "kafka_log_logcleanermanager_time_since_last_run_ms 700",
             "kafka_log_logcleanermanager_uncleanable_partitions_count 1",
             "cauce_compaction_bytes_total 800",
             "cauce_compaction_kept_bytes_total 300",
             "cauce_compaction_dirty_percent{topic=\"a\",partition=\"0\"} 25",
             "kafka_controller_kafkacontroller_activecontrollercount 1",
             "kafka_controller_kafkacontroller_activebrokercount 1",
             "kafka_controller_kafkacontroller_fencedbrokercount 1",
             "kafka_controller_kafkacontroller_globalpartitioncount 3",
             "kafka_controller_kafkacontroller_offlinepartitionscount 1",
             "kafka_server_raftmetrics_current_leader 1",
             "kafka_server_raft_metrics_current_epoch 4",
             "kafka_server_raftmetrics_high_watermark 70",
             "kafka_server_raftmetrics_current_state{current_state=\"leader\"} 1",
             "kafka_server_replicamanager_partitioncount 1",
             "kafka_server_replicamanager_leadercount 1",
             "kafka_server_replicamanager_offlinereplicacount 2",
             "kafka_server_replicamanager_underreplicatedpartitions 1",
             "kafka_server_replicamanager_underminisrpartitioncount 1",
             "kafka_server_brokertopicmetrics_messagesin_total{topic=\"a\"} 100",
             "kafka_server_brokertopicmetrics_bytesin_total{topic=\"a\"} 6000",
             "kafka_server_brokertopicmetrics_bytesout_total{topic=\"a\"} 700",
             "kafka_server_brokertopicmetrics_totalproducerequests_total{topic=\"a\"} 8",
             "kafka_server_brokertopicmetrics_failedproducerequests_total{topic=\"a\"} 2",
             "kafka_server_brokertopicmetrics_totalfetchrequests_total{topic=\"a\"} 3",
             "kafka_log_log_size{topic=\"a\",partition=\"0\"} 5000",
             "kafka_log_log_numlogsegments{topic=\"a\",partition=\"0\"} 2",
             "kafka_log_log_logstartoffset{topic=\"a\",partition=\"0\"} 10",
             "kafka_log_log_logendoffset{topic=\"a\",partition=\"0\"} 100",
             "kafka_brokers 1",
             "kafka_topic_partitions{topic=\"a\"} 3",
             "kafka_topic_partition_current_offset{topic=\"a\",partition=\"0\"} 90",
             "kafka_topic_partition_oldest_offset{topic=\"a\",partition=\"0\"} 10",
             "kafka_topic_partition_leader{topic=\"a\",partition=\"1\"} 2",
             "kafka_topic_partition_leader{topic=\"a\",partition=\"2\"} -1",
             "kafka_topic_partition_leader_is_preferred{topic=\"a\",partition=\"0\"} 1",
             "kafka_topic_partition_leader_is_preferred{topic=\"a\",partition=\"1\"} 0",
             "kafka_topic_partition_replicas{topic=\"a\",partition=\"0\"} 2",
             "kafka_topic_partition_in_sync_replica{topic=\"a\",partition=\"0\"} 1",
             "kafka_topic_partition_under_replicated_partition{topic=\"a\",partition=\"0\"} 1",
             "kafka_consumergroup_members{consumergroup=\"readers\"} 2",
             "kafka_consumergroup_current_offset{consumergroup=\"readers\",topic=\"a\","
             "partition=\"0\"} 30",
             "kafka_consumergroup_lag{consumergroup=\"readers\",topic=\"a\",partition=\"0\"} 60",
             "kafka_consumergroup_current_offset_sum{consumergroup=\"readers\",topic=\"a\"} 37",
             "kafka_consumergroup_lag_sum{consumergroup=\"readers\",topic=\"a\"} 60",
         })
        EXPECT_TRUE(holds_line(text, line)) << line << "\n" << text;
    // What another node knows, and what nobody does, is left out.
    EXPECT_EQ(text.find("current_offset{topic=\"a\",partition=\"1\"}"), std::string::npos);
    EXPECT_EQ(text.find("_lag{consumergroup=\"readers\",topic=\"gone\""), std::string::npos);
}

// A family as a page has it.
struct Family {
    std::string help;
    std::string type;
    std::set<std::string, std::less<>> labels;  // of all its samples
};

std::map<std::string, Family, std::less<>> families_of(const std::string& page) {
    std::map<std::string, Family, std::less<>> families;
    Family* family = nullptr;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string mark, kind, name;
        if (line.starts_with('#')) {
            words >> mark >> kind >> name >> std::ws;
            family = &families[name];
            std::getline(words, kind == "HELP" ? family->help : family->type);
            continue;
        }
        // No value of a label in these tests has a quote, a comma or an equals sign.
        for (auto equals = line.find("=\""); equals != std::string::npos;
             equals = line.find("=\"", equals + 1)) {
            const auto before = line.find_last_of("{,", equals);
            family->labels.insert(line.substr(before + 1, equals - before - 1));
        }
    }
    return families;
}

// `cauce explain` and the page tell of the same metrics: no more, no less, nothing different.
TEST_F(MetricsTextTest, ThePageHasEveryMetricOfTheTable) {
    facts = serving_node();
    facts.shards[0].requests[0].add(milliseconds(2));
    std::map<std::string, Family, std::less<>> told;
    for (const live::Metric& metric : live::metrics())
        told[std::string(metric.name)] = {std::string(metric.text),
                                          std::string(live::name_of(metric.type)),
                                          {metric.labels.begin(), metric.labels.end()}};
    const auto written = families_of(page());
    for (const auto& [name, family] : written) {
        ASSERT_TRUE(told.contains(name)) << name << " is not in the table";
        EXPECT_EQ(family.help, told[name].help) << name;
        EXPECT_EQ(family.type, told[name].type) << name;
        EXPECT_EQ(family.labels, told[name].labels) << name;
    }
    for (const auto& [name, family] : told)
        EXPECT_TRUE(written.contains(name)) << name << " is not on the page";
}

TEST_F(MetricsTextTest, ComesInPieces) {
    facts.node = NodeId{1};
    facts.image = image_of(2000);
    const std::string all = page();
    ASSERT_GT(all.size(), 200'000u);
    EXPECT_GT(pieces.size(), 5u);
    for (const std::string& piece : pieces)
        EXPECT_LT(piece.size(), 40'000u);
    // Once the reader is gone nothing more is made.
    page(2);
    EXPECT_EQ(pieces.size(), 2u);
}

TEST(RecentTimes, ForgetsWhatLiesFarBack) {
    RecentTimes recent;
    live::RequestTimes all;
    const auto at = [](int s) { return MonoTime{seconds(s)}; };
    const auto count = [&](int second) { return recent.recent(all, at(second))[0].count(); };
    all[0].add(milliseconds(1));
    EXPECT_EQ(count(0), 1u);  // nothing is known of before: all of it
    all[0].add(milliseconds(1));
    EXPECT_EQ(count(15), 1u);
    for (int second = 30; second <= 600; second += 15) {
        all[0].add(milliseconds(1));
        const std::uint64_t late = count(second);
        // One every 15 s, over five to six minutes.
        EXPECT_LE(late, 25u) << second;
        if (second >= 360) {
            EXPECT_GE(late, 20u) << second;
        }
    }
}

}  // namespace
}  // namespace cauce::node
