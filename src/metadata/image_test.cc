// Records in, image out; and back.
#include "metadata/features.h"
#include "metadata/image_builder.h"
#include "metadata/image_records.h"
#include "metadata/record_list.h"
#include "wire/messages/abort_transaction_record.h"
#include "wire/messages/access_control_entry_record.h"
#include "wire/messages/begin_transaction_record.h"
#include "wire/messages/broker_registration_change_record.h"
#include "wire/messages/clear_elr_record.h"
#include "wire/messages/client_quota_record.h"
#include "wire/messages/config_record.h"
#include "wire/messages/delegation_token_record.h"
#include "wire/messages/end_transaction_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/no_op_record.h"
#include "wire/messages/partition_change_record.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/producer_ids_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/register_controller_record.h"
#include "wire/messages/remove_access_control_entry_record.h"
#include "wire/messages/remove_topic_record.h"
#include "wire/messages/remove_user_scram_credential_record.h"
#include "wire/messages/topic_record.h"
#include "wire/messages/unregister_broker_record.h"
#include "wire/messages/user_scram_credential_record.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::metadata {
namespace {

TopicId id_of(std::uint64_t n) {
    return {0x1000 + n, n};
}

void replay(ImageBuilder& builder, const RecordList& records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto result = builder.replay(records[i]);
        ASSERT_TRUE(result) << result.error().message;
    }
}

template <typename Record>
std::string replay_one(ImageBuilder& builder, const Record& record) {
    RecordList list;
    list.add(record);
    const auto result = builder.replay(list[0]);
    return result ? "" : result.error().message;
}

wire::TopicRecord topic_record(std::string_view name, TopicId id) {
    wire::TopicRecord record;
    record.name = name;
    record.topic_id = id;
    return record;
}

wire::PartitionRecord new_partition(TopicId topic, std::int32_t index,
                                    std::vector<std::int32_t> replicas) {
    wire::PartitionRecord record;
    record.topic_id = topic;
    record.partition_id = index;
    record.isr = replicas;
    record.leader = replicas[0];
    record.directories.assign(replicas.size(), Uuid{7, 7});
    record.replicas = std::move(replicas);
    record.leader_epoch = 0;
    record.partition_epoch = 0;
    return record;
}

wire::ConfigRecord config(ResourceType type, std::string_view resource, std::string_view name,
                          std::optional<std::string_view> value) {
    wire::ConfigRecord record;
    record.resource_type = static_cast<std::int8_t>(type);
    record.resource_name = resource;
    record.name = name;
    record.value = value;
    return record;
}

wire::FeatureLevelRecord feature(std::string_view name, std::int16_t level) {
    wire::FeatureLevelRecord record;
    record.name = name;
    record.feature_level = level;
    return record;
}

wire::RegisterBrokerRecord broker_record(std::int32_t id, std::int64_t epoch) {
    wire::RegisterBrokerRecord record;
    record.broker_id = id;
    record.broker_epoch = epoch;
    record.incarnation_id = {static_cast<std::uint64_t>(id), 99};
    auto& end_point = record.end_points.emplace_back();
    end_point.name = "PLAINTEXT";
    end_point.host = "localhost";
    end_point.port = 9092;
    auto& range = record.features.emplace_back();
    range.name = kMetadataVersion;
    range.min_supported_version = 7;
    range.max_supported_version = 33;
    record.rack = "r1";
    record.log_dirs = {{1, 2}};
    return record;
}

// One of everything.
RecordList everything() {
    RecordList list;
    list.add(feature(kMetadataVersion, 33));
    list.add(feature(kElrVersion, 1));
    list.add(broker_record(1, 17));
    wire::RegisterBrokerRecord rackless = broker_record(2, 18);
    rackless.rack.reset();
    rackless.cordoned_log_dirs = std::vector<Uuid>{{1, 2}};
    list.add(rackless);
    wire::RegisterControllerRecord controller;
    controller.controller_id = 3000;
    controller.incarnation_id = {5, 6};
    auto& end_point = controller.end_points.emplace_back();
    end_point.name = "CONTROLLER";
    end_point.host = "localhost";
    end_point.port = 9093;
    list.add(controller);
    for (std::uint64_t t = 0; t < 3; ++t) {
        const std::string name = "topic-" + std::to_string(t);
        list.add(topic_record(name, id_of(t)));
        for (std::int32_t p = 0; p < 70; ++p)
            list.add(new_partition(id_of(t), p, {1, 2}));
        list.add(config(ResourceType::topic, name, "retention.ms", "1000"));
    }
    list.add(config(ResourceType::broker, "", "min.insync.replicas", "1"));
    wire::PartitionChangeRecord change;
    change.topic_id = id_of(1);
    change.partition_id = 69;
    change.isr = std::vector<std::int32_t>{};
    change.leader = -1;
    change.eligible_leader_replicas = std::vector<std::int32_t>{1};
    change.last_known_elr = std::vector<std::int32_t>{2};
    list.add(change);
    wire::ProducerIdsRecord ids;
    ids.broker_id = 1;
    ids.next_producer_id = 4000;
    list.add(ids);
    wire::AccessControlEntryRecord acl;
    acl.id = {9, 9};
    acl.principal = "User:a";
    list.add(acl);
    wire::UserScramCredentialRecord scram;
    scram.name = "a";
    scram.mechanism = 1;
    list.add(scram);
    wire::ClientQuotaRecord quota;
    auto& entity = quota.entity.emplace_back();
    entity.entity_type = "user";
    quota.key = "producer_byte_rate";
    quota.value = 5.5;
    list.add(quota);
    list.add(wire::NoOpRecord{});
    return list;
}

TEST(ImageBuilder, MakesAnImageOfEverything) {
    ImageBuilder builder;
    replay(builder, everything());
    builder.set_position({Offset{42}, LeaderEpoch{3}, WallTime{1}});
    const ImagePointer image = builder.publish();

    EXPECT_EQ(image->position().offset, Offset{42});
    ASSERT_NE(image->broker(NodeId{1}), nullptr);
    const Broker& broker = *image->broker(NodeId{1});
    EXPECT_EQ(broker.epoch, 17);
    EXPECT_TRUE(broker.fenced);
    EXPECT_EQ(broker.endpoint("PLAINTEXT")->port, 9092);
    EXPECT_EQ(broker.endpoint("SSL"), nullptr);
    EXPECT_EQ(image->broker(NodeId{3}), nullptr);
    EXPECT_EQ(image->controller(NodeId{3000})->endpoints[0].listener, "CONTROLLER");

    EXPECT_EQ(image->topics().size(), 3u);
    EXPECT_EQ(image->partition_count(), 210);
    const Topic* topic = image->topic("topic-1");
    ASSERT_NE(topic, nullptr);
    EXPECT_EQ(image->topic(id_of(1)), topic);
    EXPECT_EQ(topic->partition_count(), 70);
    EXPECT_EQ(topic->find(70), nullptr);
    EXPECT_EQ(topic->find(-1), nullptr);
    const Partition& changed = topic->partition(69);
    EXPECT_EQ(changed.leader, kNoLeader);
    EXPECT_EQ(changed.leader_epoch, LeaderEpoch{1});
    EXPECT_EQ(changed.partition_epoch, 1);
    EXPECT_TRUE(changed.isr.empty());
    EXPECT_EQ(changed.elr, ReplicaList{NodeId{1}});
    EXPECT_EQ(changed.last_known_elr, ReplicaList{NodeId{2}});
    EXPECT_EQ(changed.replicas, (ReplicaList{NodeId{1}, NodeId{2}}));

    EXPECT_EQ(image->config(ResourceType::topic, "topic-0")->entries.at("retention.ms"), "1000");
    EXPECT_EQ(image->config(ResourceType::topic, "nope"), nullptr);
    EXPECT_EQ(image->feature_level(kMetadataVersion), 33);
    EXPECT_EQ(image->feature_level("transaction.version"), 0);
    EXPECT_EQ(image->next_producer_id(), 4000);
    EXPECT_EQ(image->carried().size(), 3u);
    EXPECT_EQ(image->carried_count(wire::AccessControlEntryRecord::kRecordType), 1u);
    EXPECT_EQ(image->carried_count(wire::DelegationTokenRecord::kRecordType), 0u);
    EXPECT_TRUE(image->unknown_records().empty());
}

TEST(ImageRecords, GiveAnEqualImageInPiecesOfAnySize) {
    ImageBuilder builder;
    replay(builder, everything());
    const ImagePointer image = builder.publish();
    for (std::size_t piece : {std::size_t{1}, std::size_t{300}, std::size_t{1} << 20}) {
        ImageRecords records(image);
        ImageBuilder again;
        bool more = true;
        while (more) {
            RecordList list;
            more = records.next(list, piece);
            replay(again, list);
        }
        EXPECT_EQ(*again.publish(), *image) << piece;
    }
}

TEST(ImageBuilder, PublishedImagesNeverChange) {
    ImageBuilder builder;
    replay(builder, everything());
    const ImagePointer before = builder.publish();
    const Image copy = *before;

    RecordList list;
    wire::PartitionChangeRecord change;
    change.topic_id = id_of(0);
    change.partition_id = 3;
    change.leader = 2;
    list.add(change);
    wire::RemoveTopicRecord removed;
    removed.topic_id = id_of(2);
    list.add(removed);
    list.add(new_partition(id_of(1), 70, {1}));
    list.add(config(ResourceType::topic, "topic-0", "retention.ms", std::nullopt));
    list.add(config(ResourceType::broker, "", "min.insync.replicas", "2"));
    list.add(feature(kElrVersion, 0));
    replay(builder, list);
    const ImagePointer after = builder.publish();

    EXPECT_EQ(*before, copy);
    EXPECT_EQ(before->topic("topic-0")->partition(3).leader, NodeId{1});
    EXPECT_EQ(before->partition_count(), 210);
    EXPECT_EQ(after->topic("topic-0")->partition(3).leader, NodeId{2});
    EXPECT_EQ(after->topic("topic-2"), nullptr);
    EXPECT_EQ(after->topic(id_of(2)), nullptr);
    EXPECT_EQ(after->config(ResourceType::topic, "topic-2"), nullptr) << "goes with its topic";
    EXPECT_EQ(after->config(ResourceType::topic, "topic-0"), nullptr);
    EXPECT_EQ(after->topic("topic-1")->partition_count(), 71);
    EXPECT_EQ(after->partition_count(), 141);
    EXPECT_EQ(after->feature_level(kElrVersion), 0);
    EXPECT_NE(*before, *after);
    // What did not change is the same object.
    EXPECT_EQ(&before->topic("topic-0")->partition(40), &after->topic("topic-0")->partition(40));
    EXPECT_EQ(before->broker(NodeId{1}), after->broker(NodeId{1}));
}

TEST(ImageBuilder, BrokersComeGoAndChange) {
    ImageBuilder builder;
    replay(builder, everything());
    wire::BrokerRegistrationChangeRecord change;
    change.broker_id = 1;
    change.broker_epoch = 17;
    change.fenced = -1;
    EXPECT_EQ(replay_one(builder, change), "");
    EXPECT_FALSE(builder.current().broker(NodeId{1})->fenced);
    change.fenced = 0;
    change.in_controlled_shutdown = 1;
    change.cordoned_log_dirs = std::vector<Uuid>{};
    EXPECT_EQ(replay_one(builder, change), "");
    EXPECT_FALSE(builder.current().broker(NodeId{1})->fenced);
    EXPECT_FALSE(builder.current().broker(NodeId{1})->is_active());
    EXPECT_EQ(builder.current().broker(NodeId{1})->cordoned_directories, std::vector<Uuid>{});
    change.broker_epoch = 16;
    EXPECT_NE(replay_one(builder, change), "") << "of an epoch that is gone";
    wire::UnregisterBrokerRecord gone;
    gone.broker_id = 1;
    gone.broker_epoch = 17;
    EXPECT_EQ(replay_one(builder, gone), "");
    EXPECT_EQ(builder.current().broker(NodeId{1}), nullptr);
    EXPECT_NE(replay_one(builder, gone), "");
}

TEST(ImageBuilder, ATransactionCountsAsAWholeOrNotAtAll) {
    ImageBuilder builder;
    replay(builder, everything());
    const ImagePointer before = builder.publish();
    EXPECT_EQ(replay_one(builder, wire::BeginTransactionRecord{}), "");
    EXPECT_NE(replay_one(builder, wire::BeginTransactionRecord{}), "");
    EXPECT_EQ(replay_one(builder, topic_record("extra", id_of(50))), "");
    EXPECT_EQ(*builder.publish(), *before) << "nothing of it is seen before its end";
    EXPECT_NE(builder.current().topic("extra"), nullptr);
    EXPECT_EQ(replay_one(builder, wire::AbortTransactionRecord{}), "");
    EXPECT_EQ(*builder.publish(), *before);
    EXPECT_NE(replay_one(builder, wire::EndTransactionRecord{}), "");

    EXPECT_EQ(replay_one(builder, wire::BeginTransactionRecord{}), "");
    EXPECT_EQ(replay_one(builder, topic_record("extra", id_of(50))), "");
    EXPECT_EQ(replay_one(builder, wire::EndTransactionRecord{}), "");
    EXPECT_NE(builder.publish()->topic("extra"), nullptr);
    EXPECT_EQ(before->topic("extra"), nullptr);
}

TEST(ImageBuilder, CarriedRecordsAreRemovedByTheirIdentity) {
    ImageBuilder builder;
    replay(builder, everything());
    wire::RemoveAccessControlEntryRecord acl;
    acl.id = {9, 9};
    EXPECT_EQ(replay_one(builder, acl), "");
    wire::RemoveUserScramCredentialRecord scram;
    scram.name = "a";
    scram.mechanism = 2;
    EXPECT_EQ(replay_one(builder, scram), "");
    EXPECT_EQ(builder.current().carried().size(), 2u) << "the other mechanism stays";
    scram.mechanism = 1;
    EXPECT_EQ(replay_one(builder, scram), "");
    wire::ClientQuotaRecord quota;
    auto& entity = quota.entity.emplace_back();
    entity.entity_type = "user";
    quota.key = "producer_byte_rate";
    quota.remove = true;
    EXPECT_EQ(replay_one(builder, quota), "");
    EXPECT_TRUE(builder.current().carried().empty());
}

TEST(ImageBuilder, ClearElrTouchesOnlyWhatHasOne) {
    ImageBuilder builder;
    replay(builder, everything());
    EXPECT_EQ(replay_one(builder, wire::ClearElrRecord{}), "");
    const Topic& topic = *builder.current().topic("topic-1");
    EXPECT_TRUE(topic.partition(69).elr.empty());
    EXPECT_TRUE(topic.partition(69).last_known_elr.empty());
    EXPECT_EQ(topic.partition(69).partition_epoch, 2);
    EXPECT_EQ(topic.partition(68).partition_epoch, 0);
}

TEST(ImageBuilder, NewerRecordsAreNamedAndCounted) {
    ImageBuilder builder;
    const Buffer unknown_type = {1, 99, 0, 0};
    const Buffer unknown_version = {1, 2, 9, 0};
    ASSERT_TRUE(builder.replay(unknown_type));
    ASSERT_TRUE(builder.replay(unknown_type));
    ASSERT_TRUE(builder.replay(unknown_version));
    const auto& unknown = builder.current().unknown_records();
    EXPECT_EQ(unknown.at("record type 99"), 2);
    EXPECT_EQ(unknown.at("TopicRecord version 9"), 1);
}

TEST(ImageBuilder, DamageIsAnErrorAndNeverACrash) {
    const RecordList good = everything();
    for (std::size_t i = 0; i < good.size(); ++i) {
        const BytesView whole = good[i];
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            ImageBuilder builder;
            EXPECT_FALSE(builder.replay(whole.first(cut))) << i << " cut at " << cut;
        }
        Buffer longer(whole.begin(), whole.end());
        longer.push_back(0);
        ImageBuilder builder;
        EXPECT_FALSE(builder.replay(longer)) << i;
    }
    ImageBuilder builder;
    EXPECT_NE(replay_one(builder, new_partition(id_of(1), 0, {1})), "") << "no such topic";
    EXPECT_EQ(replay_one(builder, topic_record("a", id_of(1))), "");
    EXPECT_NE(replay_one(builder, topic_record("a", id_of(2))), "") << "the name is taken";
    EXPECT_NE(replay_one(builder, topic_record("b", id_of(1))), "") << "the id is taken";
    EXPECT_NE(replay_one(builder, new_partition(id_of(1), 2'000'000'000, {1})), "");
    EXPECT_NE(replay_one(builder, new_partition(id_of(1), -1, {1})), "");
    wire::PartitionChangeRecord change;
    change.topic_id = id_of(1);
    change.partition_id = 0;
    EXPECT_NE(replay_one(builder, change), "") << "no such partition";
    wire::RemoveTopicRecord removed;
    removed.topic_id = id_of(8);
    EXPECT_NE(replay_one(builder, removed), "");
}

TEST(Image, AChangeInOneOfManyTopicsCostsLittle) {
    // Not a measurement: a guard against copies of the whole. 100,000 partitions in 1,000 topics,
    // then one change in each topic with an image published in between.
    ImageBuilder builder;
    RecordList list;
    for (std::uint64_t t = 0; t < 1'000; ++t) {
        list.clear();
        list.add(topic_record("topic-" + std::to_string(t), id_of(t)));
        for (std::int32_t p = 0; p < 100; ++p)
            list.add(new_partition(id_of(t), p, {1, 2, 3}));
        replay(builder, list);
    }
    ImagePointer image = builder.publish();
    EXPECT_EQ(image->partition_count(), 100'000);
    wire::PartitionChangeRecord change;
    change.partition_id = 50;
    change.leader = 2;
    for (std::uint64_t t = 0; t < 1'000; ++t) {
        change.topic_id = id_of(t);
        ASSERT_EQ(replay_one(builder, change), "");
        image = builder.publish();
    }
    EXPECT_EQ(image->topic(id_of(999))->partition(50).leader, NodeId{2});
}

}  // namespace
}  // namespace cauce::metadata
