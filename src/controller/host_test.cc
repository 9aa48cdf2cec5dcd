// The host in front of a quorum of one, on a disk in memory: what is answered has committed, and is
// there after a crash.
#include "controller/host.h"

#include "controller/registration.h"
#include "metadata/image.h"
#include "quorum/format.h"
#include "quorum/one_voter_quorum.h"
#include "storage/directory_shard.h"
#include "storage/test_disk.h"
#include "wire/messages/allocate_producer_ids_request.h"
#include "wire/messages/allocate_producer_ids_response.h"
#include "wire/messages/broker_heartbeat_request.h"
#include "wire/messages/broker_heartbeat_response.h"
#include "wire/messages/broker_registration_request.h"
#include "wire/messages/broker_registration_response.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/describe_quorum_request.h"
#include "wire/messages/describe_quorum_response.h"
#include "wire/messages/elect_leaders_request.h"
#include "wire/messages/elect_leaders_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"
#include "wire/messages/update_features_request.h"
#include "wire/messages/update_features_response.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::controller {
namespace {

using runtime::Task;
using ImagePtr = metadata::ImagePointer;
using storage::testing::MemoryDisk;
using storage::testing::OneShard;

constexpr const char* kFolder = "/data";

// One node's controller with its broker's registration, over a disk that may be an older one's
// remains.
class Node {
public:
    explicit Node(MemoryDisk& disk, HostOptions options = {}) {
        files_ = std::make_unique<storage::FileCache>(disk, 16);
        home_ = std::make_unique<storage::DirectoryShard>(disk, shard, *files_, kFolder, Logger(),
                                                          [](const IoError&) {});
        quorum::OneVoterOptions voter;
        voter.node = NodeId{1};
        quorum_ = std::make_unique<quorum::OneVoterQuorum>(*home_, voter, Logger());
        options.node = NodeId{1};
        options.controller_endpoints = {{"CONTROLLER", "localhost", 9093, 0}};
        host = std::make_unique<Host>(options, shard, *quorum_, Logger());
        host->on_image([this](metadata::ImagePointer image) {
            images.push_back(image);
            if (registration) registration->applied(*image);
        });
        host->on_failure([this](const IoError& error) { failure = error; });
    }
    ~Node() {
        // Coroutines first: they refer to all the rest.
        if (!stopped_) shard.await(host->stop());
    }

    void start() {
        const auto started = shard.await(host->start());
        ASSERT_TRUE(started) << started.error().message;
    }
    void stop() {
        shard.await(host->stop());
        stopped_ = true;
    }

    void register_broker(std::uint64_t incarnation, std::int64_t previous_epoch = -1) {
        RegistrationOptions options;
        options.node = NodeId{1};
        options.incarnation = {7, incarnation};
        options.endpoints = {{"PLAINTEXT", "localhost", 9092, 0}};
        options.directories = {{1, 1}};
        options.previous_broker_epoch = previous_epoch;
        registration = std::make_unique<Registration>(options, shard, *host, Logger());
        registration->applied(*host->image());
        const auto registered = shard.await(registration->start());
        ASSERT_TRUE(registered) << registered.error().message;
    }

    MonoTime soon() { return shard.clock().now() + seconds(5); }

    ErrorCode create(std::string_view name, std::int32_t partitions = 1) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
        const auto reply = shard.await(host->create_topics(request, soon()));
        return error_code_from_wire(reply.response.topics.at(0).error_code);
    }
    ErrorCode remove(std::string_view name) {
        wire::DeleteTopicsRequest request;
        request.topic_names = {name};
        const auto reply = shard.await(host->delete_topics(request, soon()));
        return error_code_from_wire(reply.response.responses.at(0).error_code);
    }

    OneShard shard;
    std::vector<metadata::ImagePointer> images;
    std::optional<IoError> failure;
    std::unique_ptr<Host> host;
    std::unique_ptr<Registration> registration;

private:
    std::unique_ptr<storage::FileCache> files_;
    std::unique_ptr<storage::DirectoryShard> home_;
    std::unique_ptr<quorum::OneVoterQuorum> quorum_;
    bool stopped_ = false;
};

std::unique_ptr<MemoryDisk> formatted_disk() {
    auto disk = std::make_unique<MemoryDisk>(kFolder);
    OneShard shard;
    quorum::FormatOptions options;
    options.cluster_id = "cluster";
    options.node = NodeId{1};
    options.directories = {kFolder};
    options.controller_endpoints = {{"CONTROLLER", "localhost", 9093}};
    const auto formatted = shard.await(quorum::format(*disk, shard.random(), options));
    EXPECT_TRUE(formatted);
    return disk;
}

TEST(Host, AFreshClusterComesUpAndLetsItsBrokerIn) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    EXPECT_TRUE(node.host->is_active());
    const auto fresh = node.host->image();
    EXPECT_EQ(fresh->feature_level("metadata.version"), 33);
    EXPECT_NE(fresh->controller(NodeId{1}), nullptr);
    EXPECT_EQ(fresh->broker(NodeId{1}), nullptr);
    node.register_broker(1);
    EXPECT_FALSE(node.host->image()->broker(NodeId{1})->fenced);
    EXPECT_EQ(node.registration->broker_epoch(), node.host->image()->broker(NodeId{1})->epoch);
    EXPECT_EQ(node.host->quorum_status().high_watermark.value,
              node.host->image()->position().offset.value + 1);
}

TEST(Host, WhatIsAnsweredIsPublishedAndSurvivesAPowerLoss) {
    auto disk = formatted_disk();
    std::unique_ptr<MemoryDisk> left;
    std::optional<metadata::ImagePointer> before;
    std::int64_t epoch = -1;
    {
        Node node(*disk);
        node.start();
        node.register_broker(1);
        EXPECT_EQ(node.create("blog", 3), ErrorCode::none);
        EXPECT_EQ(node.create("gone"), ErrorCode::none);
        EXPECT_EQ(node.create("blog"), ErrorCode::topic_already_exists);
        EXPECT_EQ(node.remove("gone"), ErrorCode::none);
        EXPECT_EQ(node.remove("gone"), ErrorCode::unknown_topic_or_partition);
        before = node.host->image();
        EXPECT_EQ((*before)->topic("blog")->partition_count(), 3);
        epoch = node.registration->broker_epoch();
        // What the dead node still does goes to a disk nobody looks at.
        left = disk->after_power_loss();
    }
    Node again(*left);
    again.start();
    const auto after = again.host->image();
    EXPECT_EQ(*after->topic("blog"), *(*before)->topic("blog"));
    EXPECT_EQ(after->topics().size(), 1u);
    EXPECT_EQ(after->broker(NodeId{1})->epoch, epoch);
    EXPECT_GT(after->position().epoch, (*before)->position().epoch);
    again.register_broker(2, epoch);
    EXPECT_GT(again.registration->broker_epoch(), epoch);
    EXPECT_EQ(again.host->image()->topic("blog")->partition(0).leader, NodeId{1});
    EXPECT_EQ(again.host->image()->topic("blog")->partition(0).leader_epoch, LeaderEpoch{2});
}

// Started, not awaited: what a server does with many clients.
Task<void> create_later(Node& node, std::string name, std::vector<std::string>& log) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
    const auto reply = co_await node.host->create_topics(request, node.soon());
    log.push_back(
        name + " " +
        std::string(error_name(error_code_from_wire(reply.response.topics.at(0).error_code))) +
        (node.host->image()->topic(name) != nullptr ? " seen" : " unseen"));
}

TEST(Host, RequestsThatComeTogetherShareAFlushAndSeeEachOther) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    disk->hold_syncs = true;
    std::vector<std::string> log;
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string name = "t" + std::to_string(i);
        node.shard.start(create_later(node, name, log));
        expected.push_back(name + " NONE seen");
    }
    // The name is taken already, though nothing has committed yet; the answer waits all the same.
    node.shard.start(create_later(node, "t7", log));
    expected.emplace_back("t7 TOPIC_ALREADY_EXISTS seen");
    EXPECT_TRUE(log.empty()) << "nobody is answered before the flush";
    EXPECT_EQ(node.host->image()->topic("t0"), nullptr) << "nothing is published before it";
    const std::uint64_t syncs = disk->syncs;
    const std::size_t images = node.images.size();
    disk->release_syncs();
    node.shard.settle();
    EXPECT_EQ(log, expected);
    EXPECT_LE(disk->syncs - syncs, 8u);
    EXPECT_LE(node.images.size() - images, 4u) << "one image for a run of commits";
}

TEST(Host, TenThousandPartitionsOfOneTopic) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    EXPECT_EQ(node.create("wide", 10'000), ErrorCode::none);
    EXPECT_EQ(node.host->image()->topic("wide")->partition_count(), 10'000);
    EXPECT_EQ(node.create("wider", 10'001), ErrorCode::policy_violation);
}

TEST(Host, ADeadlineEndsTheWaitButNotTheChange) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    disk->hold_syncs = true;
    std::vector<std::string> log;
    node.shard.start(create_later(node, "slow", log));
    node.shard.advance(seconds(6));
    EXPECT_EQ(log, std::vector<std::string>{"slow REQUEST_TIMED_OUT unseen"});
    disk->release_syncs();
    node.shard.settle();
    EXPECT_NE(node.host->image()->topic("slow"), nullptr);
}

TEST(Host, AFullDiskIsAnsweredAndGetsOver) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    disk->capacity_bytes = 0;
    ErrorCode code = ErrorCode::none;
    int made = 0;
    // What was reserved before holds some.
    for (; code == ErrorCode::none && made < 1000; ++made)
        code = node.create("t" + std::to_string(made), 1000);
    EXPECT_EQ(code, ErrorCode::kafka_storage_error);
    EXPECT_TRUE(node.host->is_active());
    disk->capacity_bytes.reset();
    EXPECT_EQ(node.create("t" + std::to_string(made - 1), 1000), ErrorCode::none)
        << "the refused one has left no trace";
    EXPECT_FALSE(node.failure);
}

TEST(Host, AFailedFlushEndsTheControllerAndAnswersEverybody) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    disk->hold_syncs = true;
    std::vector<std::string> log;
    node.shard.start(create_later(node, "lost", log));
    disk->sync_error = EIO;
    disk->release_syncs();
    node.shard.settle();
    EXPECT_EQ(log, std::vector<std::string>{"lost KAFKA_STORAGE_ERROR unseen"});
    ASSERT_TRUE(node.failure);
    EXPECT_EQ(node.failure->number, EIO);
    EXPECT_FALSE(node.host->is_active());
    EXPECT_EQ(node.create("more"), ErrorCode::not_controller);
}

TEST(Host, AStopAnswersWhoeverStillWaits) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    disk->hold_syncs = true;
    std::vector<std::string> log;
    node.shard.start(create_later(node, "late", log));
    node.shard.start(node.host->stop());
    EXPECT_EQ(log, std::vector<std::string>{"late NOT_CONTROLLER unseen"});
    disk->release_syncs();
    node.shard.settle();
    EXPECT_EQ(node.create("more"), ErrorCode::not_controller);
}

TEST(Host, BlocksOfProducerIdsSurvive) {
    auto disk = formatted_disk();
    std::int64_t next = 0;
    for (std::uint64_t run = 1; run <= 3; ++run) {
        Node node(*disk);
        node.start();
        node.register_broker(run);
        wire::AllocateProducerIdsRequest request;
        request.broker_id = 1;
        request.broker_epoch = node.registration->broker_epoch();
        const auto reply = node.shard.await(node.host->allocate_producer_ids(request, node.soon()));
        EXPECT_EQ(reply.response.error_code, 0);
        EXPECT_EQ(reply.response.producer_id_start, next);
        next += reply.response.producer_id_len;
    }
}

TEST(Host, ABrokerThatFallsSilentIsFencedAndTheOwnOneNever) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    wire::BrokerRegistrationRequest other;
    other.broker_id = 2;
    other.incarnation_id = {8, 8};
    other.log_dirs = {{2, 2}};
    for (const auto& [name, level] : node.host->image()->features()) {
        auto& feature = other.features.emplace_back();
        feature.name = name;
        feature.min_supported_version = level;
        feature.max_supported_version = level;
    }
    const auto registered = node.shard.await(node.host->register_broker(other, node.soon()));
    ASSERT_EQ(registered.response.error_code, 0) << registered.refused;
    wire::BrokerHeartbeatRequest beat;
    beat.broker_id = 2;
    beat.broker_epoch = registered.response.broker_epoch;
    beat.current_metadata_offset = node.host->image()->position().offset.value;
    const auto unfenced = node.shard.await(node.host->heartbeat(beat, node.soon()));
    EXPECT_FALSE(unfenced.response.is_fenced);
    EXPECT_FALSE(node.host->image()->broker(NodeId{2})->fenced);
    node.shard.advance(seconds(9));
    EXPECT_FALSE(node.host->image()->broker(NodeId{2})->fenced);
    node.shard.advance(milliseconds(1));
    EXPECT_TRUE(node.host->image()->broker(NodeId{2})->fenced);
    node.shard.advance(seconds(3600));
    EXPECT_FALSE(node.host->image()->broker(NodeId{1})->fenced);
    EXPECT_FALSE(node.shard.timers().next_deadline().has_value() &&
                 *node.shard.timers().next_deadline() < node.shard.clock().now() + seconds(60))
        << "nothing to do: nothing wakes";
}

TEST(Host, AControlledStopLeavesThePartitionsEligibleForTheNextRun) {
    auto disk = formatted_disk();
    std::int64_t epoch = -1;
    {
        Node node(*disk);
        node.start();
        node.register_broker(1);
        EXPECT_EQ(node.create("blog"), ErrorCode::none);
        epoch = node.registration->broker_epoch();
        node.shard.await(node.registration->stop(node.soon()));
        EXPECT_TRUE(node.host->image()->broker(NodeId{1})->fenced);
        EXPECT_EQ(node.host->image()->topic("blog")->partition(0).leader, metadata::kNoLeader);
        node.stop();
    }
    Node again(*disk);
    again.start();
    again.register_broker(2, epoch);
    EXPECT_EQ(again.host->image()->topic("blog")->partition(0).leader, NodeId{1});
}

TEST(Host, SnapshotsComeBySizeAndTimeAndStandForTheLog) {
    auto disk = formatted_disk();
    HostOptions options;
    options.config["metadata.log.max.record.bytes.between.snapshots"] = "20000";
    ImagePtr before;
    {
        Node node(*disk, options);
        node.start();
        node.register_broker(1);
        for (int i = 0; i < 10; ++i)
            EXPECT_EQ(node.create("t" + std::to_string(i), 100), ErrorCode::none);
        node.shard.settle();
        EXPECT_GT(node.host->quorum_status().log_start, Offset{0}) << "written by size";
        const Offset by_size = node.host->quorum_status().log_start;
        EXPECT_EQ(node.create("one-more"), ErrorCode::none);
        node.shard.advance(seconds(3601));
        EXPECT_GT(node.host->quorum_status().log_start, by_size) << "written by time";
        EXPECT_EQ(node.remove("t3"), ErrorCode::none);
        before = node.host->image();
    }
    Node again(*disk, options);
    again.start();
    const auto after = again.host->image();
    EXPECT_EQ(after->topics().size(), before->topics().size());
    for (const auto& topic : before->topics())
        EXPECT_EQ(*after->topic(topic->name()), *topic);
    EXPECT_EQ(*after->broker(NodeId{1}), *before->broker(NodeId{1}));
    EXPECT_EQ(after->features(), before->features());
    EXPECT_EQ(after->configs().size(), before->configs().size());
}

ErrorCode grow(Node& node, std::string_view topic, std::int32_t count) {
    wire::CreatePartitionsRequest request;
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic;
    wanted.count = count;
    wanted.assignments.reset();
    const auto reply = node.shard.await(node.host->create_partitions(request, node.soon()));
    return error_code_from_wire(reply.response.results.at(0).error_code);
}

ErrorCode configure(Node& node, metadata::ResourceType type, std::string_view name,
                    std::string_view key, std::string_view value) {
    wire::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = static_cast<std::int8_t>(type);
    resource.resource_name = name;
    resource.configs.push_back({key, 0, value});
    const auto reply = node.shard.await(node.host->incremental_alter_configs(request, node.soon()));
    return error_code_from_wire(reply.response.responses.at(0).error_code);
}

TEST(Host, PartitionsAndSettingsSurviveAPowerLoss) {
    using metadata::ResourceType;
    auto disk = formatted_disk();
    std::unique_ptr<MemoryDisk> left;
    {
        Node node(*disk);
        node.start();
        node.register_broker(1);
        EXPECT_EQ(node.create("blog", 2), ErrorCode::none);
        EXPECT_EQ(grow(node, "blog", 5), ErrorCode::none);
        EXPECT_EQ(grow(node, "blog", 5), ErrorCode::invalid_partitions);
        EXPECT_EQ(configure(node, ResourceType::topic, "blog", "retention.ms", "7"),
                  ErrorCode::none);
        EXPECT_EQ(configure(node, ResourceType::broker, "", "max.connections", "9"),
                  ErrorCode::none);
        EXPECT_EQ(configure(node, ResourceType::topic, "blog", "retention.ms", "x"),
                  ErrorCode::invalid_config);
        EXPECT_EQ(node.host->image()->topic("blog")->partition_count(), 5) << "answered is shown";
        left = disk->after_power_loss();
    }
    Node again(*left);
    again.start();
    const auto image = again.host->image();
    EXPECT_EQ(image->topic("blog")->partition_count(), 5);
    EXPECT_EQ(image->config(ResourceType::topic, "blog")->entries.at("retention.ms"), "7");
    EXPECT_EQ(image->config(ResourceType::broker, "")->entries.at("max.connections"), "9");
}

TEST(Host, ElectionsAndFeaturesAreAnswered) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    node.register_broker(1);
    EXPECT_EQ(node.create("blog"), ErrorCode::none);
    wire::ElectLeadersRequest election;
    election.topic_partitions->push_back({"blog", {0}});
    const auto elected = node.shard.await(node.host->elect_leaders(election, node.soon()));
    EXPECT_EQ(elected.response.replica_election_results.at(0).partition_result.at(0).error_code,
              to_wire(ErrorCode::election_not_needed));

    wire::UpdateFeaturesRequest update;
    auto& feature = update.feature_updates.emplace_back();
    feature.feature = "eligible.leader.replicas.version";
    feature.max_version_level = 0;
    feature.upgrade_type = 2;
    const auto updated = node.shard.await(node.host->update_features(update, node.soon()));
    EXPECT_EQ(updated.response.error_code, 0) << updated.refused;
    EXPECT_EQ(node.host->image()->feature_level("eligible.leader.replicas.version"), 0);
    node.stop();
    const auto late = node.shard.await(node.host->update_features(update, node.soon()));
    EXPECT_EQ(late.response.error_code, to_wire(ErrorCode::not_controller));
}

TEST(Host, DescribesItsQuorum) {
    auto disk = formatted_disk();
    Node node(*disk);
    node.start();
    wire::DescribeQuorumRequest request;
    request.topics.push_back({"__cluster_metadata", {{0}}});
    const auto reply = node.shard.await(node.host->describe_quorum(request, node.soon()));
    const auto& partition = reply.response.topics.at(0).partitions.at(0);
    const auto status = node.host->quorum_status();
    EXPECT_EQ(partition.error_code, 0);
    EXPECT_EQ(partition.leader_id, 1);
    EXPECT_EQ(partition.leader_epoch, status.leader.epoch.value);
    EXPECT_EQ(partition.high_watermark, status.high_watermark.value);
    ASSERT_EQ(partition.current_voters.size(), 1u);
    EXPECT_EQ(partition.current_voters[0].replica_id, 1);
    EXPECT_EQ(partition.current_voters[0].log_end_offset, status.log_end.value);
    EXPECT_TRUE(partition.observers.empty());
    ASSERT_EQ(reply.response.nodes.size(), 1u);
    EXPECT_EQ(reply.response.nodes[0].listeners.at(0).port, 9093);
}

TEST(Host, AnImageThatIsNotAcceptedIsLeftAlone) {
    auto disk = formatted_disk();
    {
        Node node(*disk);
        node.start();
        node.register_broker(1);
        ASSERT_EQ(node.create("here"), ErrorCode::none);
        node.stop();
    }
    const std::size_t changes = disk->journal().size();
    HostOptions options;
    options.accept = [](const metadata::Image& image) -> Result<void> {
        EXPECT_NE(image.topic("here"), nullptr);
        return fail(ErrorCode::kafka_storage_error, "not this one");
    };
    Node node(*disk, options);
    const auto started = node.shard.await(node.host->start());
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message, "not this one");
    node.stop();
    EXPECT_EQ(disk->journal().size(), changes);
}

TEST(Host, ARegistrationThatCannotPassIsExplained) {
    auto disk = formatted_disk();
    HostOptions options;
    options.cluster_id = "cluster";
    Node node(*disk, options);
    node.start();
    RegistrationOptions wrong;
    wrong.node = NodeId{1};
    wrong.cluster_id = "another";
    wrong.incarnation = {1, 1};
    wrong.directories = {{1, 1}};
    Registration registration(wrong, node.shard, *node.host, Logger());
    const auto result = node.shard.await(registration.start());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message,
              "the controller refused to register this broker: Expected cluster ID cluster, but "
              "got cluster ID another");
    EXPECT_EQ(registration.broker_epoch(), -1);
}

}  // namespace
}  // namespace cauce::controller
