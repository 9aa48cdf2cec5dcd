// The host in front of a quorum of one, on a disk in memory: what is answered has committed, and is
// there after a crash.
#include "controller/host.h"

#include "controller/registration.h"
#include "metadata/image.h"
#include "quorum/format.h"
#include "quorum/one_voter_quorum.h"
#include "storage/directory_shard.h"
#include "storage/memory_disk_test.h"
#include "wire/messages/allocate_producer_ids_request.h"
#include "wire/messages/allocate_producer_ids_response.h"
#include "wire/messages/broker_registration_request.h"
#include "wire/messages/broker_registration_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::controller {
namespace {

using runtime::Task;
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
        voter.directory_id = {1, 1};
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

}  // namespace
}  // namespace cauce::controller
