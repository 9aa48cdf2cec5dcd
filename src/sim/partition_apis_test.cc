// The APIs that ask partitions and their logs, on the whole node: several shards, every version,
// and what must be left of them when the power goes.
#include "sim/broker.h"
#include "sim/workloads/asker.h"
#include "wire/batch_builder.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_records_request.h"
#include "wire/messages/delete_records_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/describe_log_dirs_request.h"
#include "wire/messages/describe_log_dirs_response.h"
#include "wire/messages/describe_producers_request.h"
#include "wire/messages/describe_producers_response.h"
#include "wire/messages/describe_topic_partitions_request.h"
#include "wire/messages/describe_topic_partitions_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/offset_for_leader_epoch_request.h"
#include "wire/messages/offset_for_leader_epoch_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

constexpr Duration kPatience = seconds(60);
constexpr std::int32_t kPartitions = 4;
constexpr ProducerId kProducer{4711};

Task<void> create(Asker& asker, std::string name, std::int32_t partitions,
                  std::optional<std::string> cleanup_policy) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    if (cleanup_policy)
        topic.configs.push_back({.name = "cleanup.policy", .value = *cleanup_policy});
    request.timeout_ms = 30'000;
    const auto answer = co_await asker.ask<wire::CreateTopicsResponse>(request);
    EXPECT_EQ(answer.body.topics.at(0).error_code, 0) << name;
}

Task<void> remove(Asker& asker, std::string name) {
    wire::DeleteTopicsRequest request;
    request.topic_names.push_back(name);
    request.timeout_ms = 30'000;
    const auto answer = co_await asker.ask<wire::DeleteTopicsResponse>(request, 5);
    EXPECT_EQ(answer.body.responses.at(0).error_code, 0) << name;
}

// `count` records of kProducer into each partition.
Task<void> produce(Asker& asker, std::string topic, std::int32_t partitions, std::int32_t count) {
    std::vector<Buffer> batches;
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    for (std::int32_t i = 0; i < partitions; ++i) {
        wire::BatchOptions options;
        options.producer_id = kProducer;
        options.producer_epoch = 2;
        options.base_sequence = 0;
        wire::BatchBuilder builder(options);
        const std::string value = "value";
        for (std::int32_t record = 0; record < count; ++record)
            builder.append(1'700'000'000'000 + record, wire::Bytes(as_bytes(value)),
                           wire::Bytes(as_bytes(value)));
        batches.push_back(builder.build().value());
        auto& partition = data.partition_data.emplace_back();
        partition.index = i;
        partition.records.emplace().bytes = batches.back();
    }
    const auto answer = co_await asker.ask<wire::ProduceResponse>(request, 12);
    for (const auto& partition : answer.body.responses.at(0).partition_responses)
        EXPECT_EQ(partition.error_code, 0) << topic << '-' << partition.index;
}

Task<std::vector<std::int64_t>> offsets(Asker& asker, std::string topic, std::int64_t timestamp) {
    wire::ListOffsetsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    for (std::int32_t i = 0; i < kPartitions; ++i) {
        auto& partition = asked.partitions.emplace_back();
        partition.partition_index = i;
        partition.timestamp = timestamp;
    }
    const auto answer = co_await asker.ask<wire::ListOffsetsResponse>(request);
    std::vector<std::int64_t> found;
    for (const auto& partition : answer.body.topics.at(0).partitions) {
        EXPECT_EQ(partition.error_code, 0);
        EXPECT_EQ(partition.partition_index, static_cast<std::int32_t>(found.size()));
        found.push_back(partition.offset);
    }
    co_return found;
}

struct Deletion {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t before = 0;
    std::int64_t low_watermark = -1;
    ErrorCode error = ErrorCode::none;
};

// Each partition is a topic entry of its own: the answer has the request's order.
Task<void> delete_records(Asker& asker, std::vector<Deletion> deletions) {
    wire::DeleteRecordsRequest request;
    request.timeout_ms = 30'000;
    for (const Deletion& deletion : deletions) {
        auto& topic = request.topics.emplace_back();
        topic.name = deletion.topic;
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = deletion.partition;
        partition.offset = deletion.before;
    }
    const auto answer = co_await asker.ask<wire::DeleteRecordsResponse>(request);
    EXPECT_EQ(answer.body.topics.size(), deletions.size());
    for (std::size_t i = 0; i < answer.body.topics.size(); ++i) {
        const auto& told = answer.body.topics[i].partitions.at(0);
        EXPECT_EQ(answer.body.topics[i].name, deletions[i].topic);
        EXPECT_EQ(told.partition_index, deletions[i].partition);
        EXPECT_EQ(told.low_watermark, deletions[i].low_watermark) << deletions[i].before;
        EXPECT_EQ(error_code_from_wire(told.error_code), deletions[i].error) << deletions[i].before;
    }
}

Task<void> epochs_end(Asker& asker) {
    struct Case {
        std::int32_t partition;
        std::int32_t current_epoch;
        std::int32_t epoch;
        std::int32_t told_epoch;
        std::int64_t told_end;
        ErrorCode error;
    };
    const std::vector<Case> cases = {
        {0, -1, 0, 0, 10, ErrorCode::none},
        {1, 0, 0, 0, 10, ErrorCode::none},
        {2, 7, 0, -1, -1, ErrorCode::unknown_leader_epoch},
        {3, 0, 5, -1, -1, ErrorCode::none},  // never heard of
        {3, 0, -1, -1, -1, ErrorCode::none},
        {kPartitions, -1, 0, -1, -1, ErrorCode::unknown_topic_or_partition},
    };
    wire::OffsetForLeaderEpochRequest request;
    auto& topic = request.topics.emplace_back();
    topic.topic = "blog";
    for (const Case& one : cases) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition = one.partition;
        partition.current_leader_epoch = one.current_epoch;
        partition.leader_epoch = one.epoch;
    }
    const auto answer = co_await asker.ask<wire::OffsetForLeaderEpochResponse>(request);
    const auto& told = answer.body.topics.at(0).partitions;
    EXPECT_EQ(told.size(), cases.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        EXPECT_EQ(told[i].partition, cases[i].partition) << i;
        EXPECT_EQ(told[i].leader_epoch, cases[i].told_epoch) << i;
        EXPECT_EQ(told[i].end_offset, cases[i].told_end) << i;
        EXPECT_EQ(error_code_from_wire(told[i].error_code), cases[i].error) << i;
    }
}

Task<void> producers(Asker& asker) {
    wire::DescribeProducersRequest request;
    request.topics.push_back({.name = "blog", .partition_indexes = {2, kPartitions}});
    request.topics.push_back({.name = "a b", .partition_indexes = {0}});
    request.topics.push_back({.name = "facts", .partition_indexes = {0}});
    const auto answer = co_await asker.ask<wire::DescribeProducersResponse>(request);
    const auto& topics = answer.body.topics;
    EXPECT_EQ(topics.size(), 3u);
    const auto& known = topics.at(0).partitions.at(0);
    EXPECT_EQ(known.error_code, 0);
    EXPECT_EQ(known.active_producers.size(), 1u);
    const auto& producer = known.active_producers.at(0);
    EXPECT_EQ(producer.producer_id, kProducer.value);
    EXPECT_EQ(producer.producer_epoch, 2);
    EXPECT_EQ(producer.last_sequence, 9);
    EXPECT_EQ(producer.last_timestamp, 1'700'000'000'009);
    EXPECT_EQ(producer.coordinator_epoch, -1);
    EXPECT_EQ(producer.current_txn_start_offset, -1);
    EXPECT_EQ(error_code_from_wire(topics.at(0).partitions.at(1).error_code),
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(error_code_from_wire(topics.at(1).partitions.at(0).error_code),
              ErrorCode::invalid_topic_exception);
    EXPECT_NE(
        topics.at(1).partitions.at(0).error_message.value_or("").find("Topic name is invalid"),
        std::string_view::npos);
    EXPECT_TRUE(topics.at(2).partitions.at(0).active_producers.empty());
}

Task<std::map<TopicPartition, std::int64_t>> sizes(Asker& asker,
                                                   const wire::DescribeLogDirsRequest& request) {
    const auto answer = co_await asker.ask<wire::DescribeLogDirsResponse>(request);
    EXPECT_EQ(answer.body.error_code, 0);
    EXPECT_EQ(answer.body.results.size(), 1u);
    const auto& directory = answer.body.results.at(0);
    EXPECT_EQ(directory.error_code, 0);
    EXPECT_EQ(directory.log_dir, "/data");
    EXPECT_FALSE(directory.is_cordoned);
    if (answer.version >= 4) {
        EXPECT_EQ(directory.total_bytes, std::int64_t{64} << 30);
        EXPECT_GT(directory.usable_bytes, 0);
        EXPECT_LT(directory.usable_bytes, directory.total_bytes);
    }
    std::map<TopicPartition, std::int64_t> found;
    for (const auto& topic : directory.topics) {
        for (const auto& partition : topic.partitions) {
            EXPECT_EQ(partition.offset_lag, 0);
            EXPECT_FALSE(partition.is_future_key);
            const TopicPartition name{std::string(topic.name), partition.partition_index};
            EXPECT_TRUE(found.emplace(name, partition.partition_size).second) << name;
        }
    }
    co_return found;
}

Task<void> log_directories(Asker& asker) {
    wire::DescribeLogDirsRequest request;
    request.topics.reset();  // all
    const auto all = co_await sizes(asker, request);
    EXPECT_EQ(all.size(), static_cast<std::size_t>(kPartitions) + 1);
    for (const auto& [name, bytes] : all)
        EXPECT_EQ(bytes > 0, name.topic == "blog") << name;
    request.topics.emplace();
    request.topics->push_back({.topic = "blog", .partitions = {3, 1, 3, kPartitions}});
    request.topics->push_back({.topic = "nowhere", .partitions = {0}});
    const auto some = co_await sizes(asker, request);
    EXPECT_EQ(some.size(), 2u);
    EXPECT_TRUE(some.contains({"blog", 1}) && some.contains({"blog", 3}));
}

Task<void> pages(Asker& asker) {
    std::vector<TopicPartition> listed;
    wire::DescribeTopicPartitionsRequest request;
    request.response_partition_limit = 3;
    std::string topic;
    for (int page = 0; page < 2; ++page) {
        const auto answer = co_await asker.ask<wire::DescribeTopicPartitionsResponse>(request);
        for (const auto& told : answer.body.topics) {
            EXPECT_EQ(told.error_code, 0);
            for (const auto& partition : told.partitions) {
                listed.push_back({std::string(*told.name), partition.partition_index});
                EXPECT_EQ(partition.leader_id, 1);
                EXPECT_EQ(partition.isr_nodes, std::vector<std::int32_t>{1});
                EXPECT_TRUE(partition.offline_replicas.empty());
                EXPECT_TRUE(partition.eligible_leader_replicas.has_value());
            }
        }
        EXPECT_EQ(answer.body.next_cursor.has_value(), page == 0);
        if (!answer.body.next_cursor) break;
        topic = answer.body.next_cursor->topic_name;
        request.cursor.emplace();
        request.cursor->topic_name = topic;
        request.cursor->partition_index = answer.body.next_cursor->partition_index;
    }
    const std::vector<TopicPartition> wanted = {
        {"blog", 0}, {"blog", 1}, {"blog", 2}, {"blog", 3}, {"facts", 0}};
    EXPECT_EQ(listed, wanted);
}

// ---- the acts, between which the power goes ----

Task<void> first_act(Asker& asker) {
    co_await create(asker, "blog", kPartitions, std::nullopt);
    co_await create(asker, "facts", 1, "compact");
    co_await produce(asker, "blog", kPartitions, 10);
    co_await epochs_end(asker);
    std::vector<Deletion> deletions = {
        {"blog", 0, 4, 4, ErrorCode::none},
        {"blog", 1, -1, 10, ErrorCode::none},
        {"blog", 2, 11, -1, ErrorCode::offset_out_of_range},
        {"blog", 3, -2, -1, ErrorCode::offset_out_of_range},
        {"blog", kPartitions, 0, -1, ErrorCode::unknown_topic_or_partition},
        {"facts", 0, 0, -1, ErrorCode::policy_violation},
        {"nowhere", 0, 0, -1, ErrorCode::unknown_topic_or_partition},
    };
    co_await delete_records(asker, std::move(deletions));
    const auto starts = co_await offsets(asker, "blog", -2);
    EXPECT_EQ(starts, (std::vector<std::int64_t>{4, 10, 0, 0}));
    // It never goes back, and says where it is.
    std::vector<Deletion> back = {{"blog", 0, 2, 4, ErrorCode::none}};
    co_await delete_records(asker, std::move(back));
    co_await producers(asker);
    co_await log_directories(asker);
    co_await pages(asker);
}

// A topic that had a namesake: it begins at 0, and keeps what it is given.
Task<void> new_blog(Asker& asker) {
    co_await create(asker, "blog", kPartitions, std::nullopt);
    co_await produce(asker, "blog", kPartitions, 3);
}

Task<void> second_act(Asker& asker) {
    const auto starts = co_await offsets(asker, "blog", -2);
    EXPECT_EQ(starts, (std::vector<std::int64_t>{4, 10, 0, 0}));
    const auto ends = co_await offsets(asker, "blog", -1);
    EXPECT_EQ(ends, (std::vector<std::int64_t>{10, 10, 10, 10}));
    co_await remove(asker, "blog");
    co_await new_blog(asker);
}

Task<void> third_act(Asker& asker) {
    const auto starts = co_await offsets(asker, "blog", -2);
    EXPECT_EQ(starts, (std::vector<std::int64_t>{0, 0, 0, 0}));
    const auto ends = co_await offsets(asker, "blog", -1);
    EXPECT_EQ(ends, (std::vector<std::int64_t>{3, 3, 3, 3}));
}

using Act = Task<void> (*)(Asker&);

Task<void> play(NodeSeams& seams, Findings& findings, Act act) {
    Asker asker(seams, {"broker", kPort}, findings);
    co_await act(asker);
}

class Stage {
public:
    Stage(std::uint64_t seed, unsigned shards)
        : world_(options(seed)),
          machine_(world_.add_node("broker", shards)),
          client_(world_.add_node("client", 1)) {
        broker_.emplace(world_, machine_, std::string(kAlone) + "cauce.durability=flush\n");
    }

    void start() {
        broker_->start();
        ASSERT_TRUE(
            world_.run_until([this] { return broker_->serving(); }, world_.now() + kPatience));
    }
    void perform(Act act) {
        world_.start(client_, [this, act](NodeSeams& seams, unsigned) {
            return play(seams, findings_, act);
        });
        ASSERT_TRUE(world_.run_until([this] { return !world_.running(client_); },
                                     world_.now() + kPatience));
        ASSERT_TRUE(findings_.empty()) << findings_.texts().front();
    }
    // Of what was not synced nothing is left.
    void lose_power() { world_.power_loss(machine_, Unsynced::drop); }
    // What the node was not there to take out of the checkpoint.
    void plant_log_starts(std::string_view text) {
        DiskImage& disk = machine_.disk;
        const auto file = disk.open("/data/log-start-offset-checkpoint", runtime::OpenMode::create);
        ASSERT_TRUE(file);
        ASSERT_TRUE(disk.truncate(*file, 0));
        ASSERT_EQ(disk.write(*file, 0, as_bytes(text)), text.size());
        disk.complete_sync(disk.begin_sync(*file));
        disk.complete_sync_folder(*disk.begin_sync_folder("/data"));
        disk.close(*file);
    }

private:
    static WorldOptions options(std::uint64_t seed) {
        WorldOptions options;
        options.seed = seed;
        return options;
    }

    // Before the world, whose end destroys processes that refer to them.
    Findings findings_;
    std::optional<Broker> broker_;
    World world_;
    SimNode& machine_;
    SimNode& client_;
};

TEST(PartitionApis, AnswerOnTheWholeNodeAndOutliveThePower) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Stage stage(seed, static_cast<unsigned>(seed % 4 + 1));
        for (const Act act : {first_act, second_act, third_act}) {
            stage.start();
            if (HasFatalFailure()) return;
            stage.perform(act);
            if (HasFailure()) return;
            stage.lose_power();
        }
    }
}

TEST(PartitionApis, ADeletedTopicsStartIsNotItsNamesakes) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Stage stage(seed, static_cast<unsigned>(seed));
        stage.start();
        stage.lose_power();
        stage.plant_log_starts("0\n2\nblog 0 50\nblog 3 1\n");
        if (HasFatalFailure()) return;
        for (const Act act : {new_blog, third_act}) {
            stage.start();
            if (HasFatalFailure()) return;
            stage.perform(act);
            if (HasFailure()) return;
            stage.lose_power();
        }
    }
}

}  // namespace
}  // namespace cauce::sim
