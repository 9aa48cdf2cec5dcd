#include "node/partition_places.h"

#include "metadata/directory_ids.h"
#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/partition_change_record.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/remove_topic_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cauce::node {
namespace {

constexpr NodeId kSelf{1};
constexpr Uuid kA{7, 1};
constexpr Uuid kB{7, 2};
constexpr Uuid kElsewhere{7, 9};

TopicId id_of(std::uint64_t topic) {
    return {1, topic};
}

class PartitionPlacesTest : public ::testing::Test {
protected:
    void topic(std::uint64_t number, const std::vector<Uuid>& directories,
               std::int32_t replica = kSelf.value) {
        wire::TopicRecord record;
        const std::string name = "t" + std::to_string(number);
        record.name = name;
        record.topic_id = id_of(number);
        replay(record);
        for (std::size_t i = 0; i < directories.size(); ++i) {
            wire::PartitionRecord partition;
            partition.partition_id = static_cast<std::int32_t>(i);
            partition.topic_id = record.topic_id;
            partition.replicas = partition.isr = {replica};
            partition.directories = {directories[i]};
            partition.leader = replica;
            partition.leader_epoch = 0;
            partition.partition_epoch = 0;
            replay(partition);
        }
    }
    void remove(std::uint64_t number) {
        wire::RemoveTopicRecord record;
        record.topic_id = id_of(number);
        replay(record);
    }
    void assign(const std::vector<controller::state::DirectoryAssignment>& assignments) {
        for (const auto& one : assignments) {
            wire::PartitionChangeRecord record;
            record.topic_id = one.topic;
            record.partition_id = one.partition;
            record.directories = std::vector<Uuid>{one.directory};
            replay(record);
        }
    }
    template <typename Record>
    void replay(const Record& record) {
        metadata::RecordList list;
        list.add(record);
        const auto replayed = builder_.replay(list[0]);
        ASSERT_TRUE(replayed) << replayed.error().message;
    }

    PartitionPlaces::Followed follow() {
        const metadata::ImagePointer now = builder_.publish();
        auto followed = places_.follow(*before_, *now);
        before_ = now;
        return followed;
    }
    // "0 1 -": the directories of a topic's partitions.
    std::string places(std::uint64_t number, std::int32_t count) const {
        std::string text;
        for (std::int32_t i = 0; i < count; ++i) {
            const auto place = places_.directory_of(id_of(number), i);
            text += (i > 0 ? " " : "") + (place ? std::to_string(*place) : "-");
        }
        return text;
    }

    metadata::ImageBuilder builder_;
    metadata::ImagePointer before_ = builder_.publish();
    PartitionPlaces places_{kSelf, {{.id = kA}, {.id = kB}}};
};

using metadata::kLostDirectory;
using metadata::kMigratingDirectory;
using metadata::kUnassignedDirectory;

TEST_F(PartitionPlacesTest, NewOnesGoWhereThereAreFewest) {
    places_.found(id_of(1), 0, 0);
    places_.found(id_of(1), 1, 0);
    topic(1, {kA, kA});
    topic(2, std::vector(4, kUnassignedDirectory));
    const auto followed = follow();
    EXPECT_EQ(places(1, 2), "0 0");
    EXPECT_EQ(places(2, 4), "1 1 0 1");
    EXPECT_EQ(followed.placement.size(), 6u);
    EXPECT_EQ(followed.to_assign,
              (std::vector<controller::state::DirectoryAssignment>{
                  {id_of(2), 0, kB}, {id_of(2), 1, kB}, {id_of(2), 2, kA}, {id_of(2), 3, kB}}));
    // Told, they stay, and nothing is told again.
    assign(followed.to_assign);
    const auto again = follow();
    EXPECT_EQ(again.placement.size(), 4u);
    EXPECT_TRUE(again.to_assign.empty());
    EXPECT_EQ(places(2, 4), "1 1 0 1");
}

TEST_F(PartitionPlacesTest, WhereAFolderIsTheMetadataHasToBeTold) {
    places_.found(id_of(1), 0, 1);
    topic(1, {kA});
    const auto followed = follow();
    EXPECT_EQ(places(1, 1), "1");
    EXPECT_EQ(followed.to_assign,
              (std::vector<controller::state::DirectoryAssignment>{{id_of(1), 0, kB}}));
}

TEST_F(PartitionPlacesTest, WhatTheMetadataSaysHoldsWhereNoFolderIs) {
    topic(1, {kB, kA, kElsewhere, kLostDirectory, kMigratingDirectory});
    const auto followed = follow();
    // What is in a directory that is not here is not begun anew in another one.
    EXPECT_EQ(places(1, 5), "1 0 - - 0");
    EXPECT_EQ(followed.placement.size(), 3u);
    EXPECT_EQ(followed.to_assign,
              (std::vector<controller::state::DirectoryAssignment>{{id_of(1), 4, kA}}));
}

TEST_F(PartitionPlacesTest, AFailedDirectoryTakesAndServesNothing) {
    places_.found(id_of(1), 0, 0);
    places_.failed(0);
    topic(1, {kA, kA});
    topic(2, std::vector(2, kUnassignedDirectory));
    const auto followed = follow();
    EXPECT_EQ(places(1, 2), "0 -");
    EXPECT_EQ(places(2, 2), "1 1");
    EXPECT_FALSE(followed.placement.contains({id_of(1), 0}));
    EXPECT_EQ(followed.placement.size(), 2u);
    places_.failed(1);
    topic(3, {kUnassignedDirectory});
    EXPECT_TRUE(follow().placement.empty());
}

TEST_F(PartitionPlacesTest, ACordonedDirectoryIsTheLastChoice) {
    places_.set_cordoned(0, true);
    topic(1, std::vector(3, kUnassignedDirectory));
    follow();
    EXPECT_EQ(places(1, 3), "1 1 1");
    places_.set_cordoned(1, true);
    topic(2, std::vector(1, kUnassignedDirectory));
    follow();
    EXPECT_EQ(places(2, 1), "0");
    places_.set_cordoned(0, false);
    places_.set_cordoned(1, false);
    topic(3, std::vector(1, kUnassignedDirectory));
    follow();
    EXPECT_EQ(places(3, 1), "0");
}

TEST_F(PartitionPlacesTest, DeletedTopicsMakeRoom) {
    topic(1, std::vector(3, kUnassignedDirectory));
    follow();
    EXPECT_EQ(places(1, 3), "0 1 0");
    remove(1);
    topic(2, std::vector(1, kUnassignedDirectory));
    follow();
    EXPECT_EQ(places(1, 3), "- - -");
    EXPECT_EQ(places(2, 1), "0");
    EXPECT_EQ(places_.directories()[0].partitions, 1u);
    EXPECT_EQ(places_.directories()[1].partitions, 0u);
}

TEST_F(PartitionPlacesTest, OthersPartitionsAreNotOurs) {
    topic(1, {kUnassignedDirectory, kA}, 2);
    EXPECT_TRUE(follow().placement.empty());
    EXPECT_EQ(places(1, 2), "- -");
}

}  // namespace
}  // namespace cauce::node
