#include "controller/state/activation.h"

#include "controller/state/cluster_test.h"
#include "wire/messages/begin_transaction_record.h"
#include "wire/messages/feature_level_record.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::controller::state {
namespace {

using metadata::RecordList;

RecordList features(std::map<std::string, std::int16_t> levels) {
    RecordList list;
    for (const auto& [name, level] : levels) {
        wire::FeatureLevelRecord record;
        record.name = name;
        record.feature_level = level;
        list.add(record);
    }
    return list;
}

struct Fresh {
    metadata::ImageBuilder builder;
    metadata::StaticConfig file;
    Context context() { return {builder.current(), file, NodeId{1}}; }
    void apply(const RecordList& records) {
        for (std::size_t i = 0; i < records.size(); ++i)
            ASSERT_TRUE(builder.replay(records[i]));
    }
};

TEST(Activation, ANewLogGetsWhatTheFormatStepLeft) {
    Fresh fresh;
    fresh.file["min.insync.replicas"] = "2";
    const auto bootstrap =
        features({{"metadata.version", 33}, {std::string(metadata::kElrVersion), 1}});
    const auto records = activation_records(fresh.context(), true, false, bootstrap);
    ASSERT_TRUE(records);
    fresh.apply(*records);
    EXPECT_FALSE(fresh.builder.in_transaction());
    EXPECT_EQ(records->size(), 5u) << "begin, two levels, min.insync.replicas, end";
    const metadata::Image& image = fresh.builder.current();
    EXPECT_EQ(image.feature_level("metadata.version"), 33);
    EXPECT_EQ(image.config(metadata::ResourceType::broker, "")->entries.at("min.insync.replicas"),
              "2");
}

TEST(Activation, ALogOfAnOlderMetadataVersionGetsNoTransaction) {
    Fresh fresh;
    const auto records =
        activation_records(fresh.context(), true, false, features({{"metadata.version", 12}}));
    ASSERT_TRUE(records);
    EXPECT_EQ(records->size(), 1u);
}

TEST(Activation, WithoutAFormatStepItTakesWhatWorks) {
    Fresh fresh;
    const auto records = activation_records(fresh.context(), true, false, {});
    ASSERT_TRUE(records);
    fresh.apply(*records);
    EXPECT_EQ(fresh.builder.current().features(), metadata::bootstrap_features());
    EXPECT_EQ(fresh.builder.current().feature_level("transaction.version"), 0);
}

TEST(Activation, AnOpenTransactionIsAborted) {
    Fresh fresh;
    fresh.apply(*activation_records(fresh.context(), true, false, {}));
    RecordList begin;
    begin.add(wire::BeginTransactionRecord{});
    fresh.apply(begin);
    const auto records = activation_records(fresh.context(), false, true, {});
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 1u);
    fresh.apply(*records);
    EXPECT_FALSE(fresh.builder.in_transaction());
    EXPECT_TRUE(activation_records(fresh.context(), false, false, {})->empty());
}

TEST(Activation, WhatThisVersionCannotDoIsSaid) {
    Fresh newer;
    const auto newer_level =
        activation_records(newer.context(), true, false, features({{"metadata.version", 34}}));
    ASSERT_FALSE(newer_level);
    EXPECT_EQ(newer_level.error().message,
              "The metadata log is at metadata.version 34; this version works at 7 (3.3-IV3) to 33 "
              "(4.4-IV2).");
    Fresh unknown;
    unknown.apply(features({{"metadata.version", 33}}));
    const Buffer record = {1, 99, 0};
    ASSERT_TRUE(unknown.builder.replay(record));
    const auto refused = activation_records(unknown.context(), false, false, {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("record type 99 (1)"), std::string::npos);
    Fresh none;
    EXPECT_FALSE(activation_records(none.context(), false, false, {})) << "no metadata.version";
}

// A log of Apache Kafka 4.4 has levels that we do not serve: they stay, and whoever registers knows
// them. Levels of anything newer are refused.
TEST(Activation, LevelsOfKafkaAreKept) {
    Fresh kafka;
    kafka.apply(features({{"metadata.version", 33},
                          {"group.version", 1},
                          {"share.version", 2},
                          {"streams.version", 1},
                          {"transaction.version", 2}}));
    const auto records = activation_records(kafka.context(), false, false, {});
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_TRUE(records->empty());
    std::map<std::string, std::int16_t> offered;
    for (const auto& range : offered_features(kafka.builder.current()))
        offered[range.name] = range.max;
    EXPECT_EQ(offered["group.version"], 1);
    EXPECT_EQ(offered["share.version"], 2);
    EXPECT_EQ(offered["transaction.version"], 2);
    Fresh ours;
    ours.apply(*activation_records(ours.context(), true, false, {}));
    for (const auto& range : offered_features(ours.builder.current()))
        EXPECT_EQ(range.max, metadata::supported_feature(range.name)->max) << range.name;

    for (const auto& [name, level] :
         std::map<std::string, std::int16_t>{{"group.version", 2}, {"no.such.version", 1}}) {
        Fresh newer;
        newer.apply(features({{"metadata.version", 33}, {name, level}}));
        const auto refused = activation_records(newer.context(), false, false, {});
        ASSERT_FALSE(refused) << name;
        EXPECT_NE(refused.error().message.find(name + " at level "), std::string::npos)
            << refused.error().message;
    }
}

TEST(Activation, AControllerRegistersOncePerProcess) {
    Fresh fresh;
    fresh.apply(*activation_records(fresh.context(), true, false, {}));
    const ControllerFacts facts{NodeId{1}, {3, 3}, {{"CONTROLLER", "localhost", 9093, 0}}};
    const RecordList first = register_controller(fresh.context(), facts);
    EXPECT_EQ(first.size(), 1u);
    fresh.apply(first);
    EXPECT_EQ(fresh.builder.current().controller(NodeId{1})->endpoints, facts.endpoints);
    EXPECT_TRUE(register_controller(fresh.context(), facts).empty());
    ControllerFacts restarted = facts;
    restarted.incarnation = {4, 4};
    EXPECT_EQ(register_controller(fresh.context(), restarted).size(), 1u);
}

}  // namespace
}  // namespace cauce::controller::state
