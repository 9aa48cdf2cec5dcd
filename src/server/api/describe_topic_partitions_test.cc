#include "server/api/describe_topic_partitions.h"

#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cauce::server::api {
namespace {

using cauce::metadata::ImagePointer;
using Request = wire::DescribeTopicPartitionsRequest;
using Response = wire::DescribeTopicPartitionsResponse;

constexpr Uuid kDirectory{7, 7};
constexpr std::string_view kListener = "PLAINTEXT";

class Cluster {
public:
    void broker(std::int32_t id, bool fenced = false, std::string_view listener = kListener) {
        wire::RegisterBrokerRecord record;
        record.broker_id = id;
        record.broker_epoch = id;
        record.fenced = fenced;
        record.log_dirs = {kDirectory};
        auto& endpoint = record.end_points.emplace_back();
        endpoint.name = listener;
        endpoint.host = "localhost";
        endpoint.port = 9092;
        records_.add(record);
    }
    void topic(std::string_view name, std::int32_t partitions,
               std::vector<std::int32_t> replicas = {1}, Uuid directory = kDirectory) {
        wire::TopicRecord record;
        record.name = name;
        record.topic_id = Uuid{1, ++topics_};
        records_.add(record);
        for (std::int32_t i = 0; i < partitions; ++i) {
            wire::PartitionRecord partition;
            partition.partition_id = i;
            partition.topic_id = record.topic_id;
            partition.replicas = partition.isr = replicas;
            partition.directories.assign(replicas.size(), directory);
            partition.leader = replicas[0];
            partition.leader_epoch = 5;
            partition.partition_epoch = 0;
            records_.add(partition);
        }
    }
    ImagePointer image() {
        cauce::metadata::ImageBuilder builder;
        for (std::size_t i = 0; i < records_.size(); ++i) {
            const auto replayed = builder.replay(records_[i]);
            EXPECT_TRUE(replayed) << replayed.error().message;
        }
        return builder.publish();
    }

private:
    cauce::metadata::RecordList records_;
    std::uint64_t topics_ = 0;
};

Request request_for(const std::vector<std::string_view>& names) {
    Request request;
    for (const std::string_view name : names)
        request.topics.emplace_back().name = name;
    return request;
}

Request from(Request request, std::string_view topic, std::int32_t partition) {
    request.cursor.emplace();
    request.cursor->topic_name = topic;
    request.cursor->partition_index = partition;
    return request;
}

// "a:0,1 b:ERROR_NAME > b:2": what is listed, and where the next page begins.
std::string page(const ImagePointer& image, const Request& request, std::int32_t limit) {
    const Response response = topic_page(*image, request, kListener, limit);
    std::string text;
    for (const auto& topic : response.topics) {
        text += (text.empty() ? "" : " ") + std::string(topic.name.value_or("")) + ":";
        if (topic.error_code != 0) text += error_name(error_code_from_wire(topic.error_code));
        for (std::size_t i = 0; i < topic.partitions.size(); ++i)
            text += (i > 0 ? "," : "") + std::to_string(topic.partitions[i].partition_index);
    }
    if (response.next_cursor) {
        text += " > " + std::string(response.next_cursor->topic_name) + ":" +
                std::to_string(response.next_cursor->partition_index);
    }
    return text;
}

TEST(DescribeTopicPartitions, PagesEndWhereTheLimitIsReached) {
    Cluster cluster;
    cluster.broker(1);
    cluster.topic("b", 3);
    cluster.topic("a", 2);
    cluster.topic("c", 1);
    const ImagePointer image = cluster.image();
    const Request all;
    struct Case {
        Request request;
        std::int32_t limit;
        std::string listed;
    };
    const std::vector<Case> cases = {
        {all, 2000, "a:0,1 b:0,1,2 c:0"},
        {all, 6, "a:0,1 b:0,1,2 c:0"},
        // Full at the end of a topic: the next one is named, from its beginning.
        {all, 2, "a:0,1 > b:0"},
        {all, 5, "a:0,1 b:0,1,2 > c:0"},
        {all, 4, "a:0,1 b:0,1 > b:2"},
        {all, 0, "a:0 > a:1"},
        {all, -7, "a:0 > a:1"},
        {from(all, "b", 2), 2, "b:2 c:0"},
        {from(all, "b", 0), 1, "b:0 > b:1"},
        // The cursor's topic was deleted meanwhile: on with what follows.
        {from(all, "aa", 1), 3, "b:0,1,2 > c:0"},
        // Beyond its last partition; also where adding would overflow.
        {from(all, "b", 3), 2, "b: c:0"},
        {from(all, "b", INT32_MAX), 2, "b: c:0"},
        {from(all, "d", 0), 2, ""},
        {from(all, "b", -1), 2, ""},
        // Named ones: sorted, once each.
        {request_for({"c", "a", "c"}), 9, "a:0,1 c:0"},
        {request_for({"c", "nowhere", "a b"}), 9,
         "a b:INVALID_TOPIC_EXCEPTION c:0 nowhere:UNKNOWN_TOPIC_OR_PARTITION"},
        {request_for({"a", "nowhere"}), 2, "a:0,1 > nowhere:0"},
        {from(request_for({"a", "b"}), "b", 1), 9, "b:1,2"},
        {from(request_for({"a", "c"}), "b", 1), 9, "a:INVALID_REQUEST c:INVALID_REQUEST"},
        {from(request_for({"a", "c"}), "c", -1), 9, "a:INVALID_REQUEST c:INVALID_REQUEST"},
    };
    for (const Case& one : cases)
        EXPECT_EQ(page(image, one.request, one.limit), one.listed) << one.limit;
}

TEST(DescribeTopicPartitions, TellsReplicasAsTheListenerSeesThem) {
    Cluster cluster;
    cluster.broker(1);
    cluster.broker(2, true);
    cluster.broker(3, false, "INTERNAL");
    cluster.topic("away", 1, {2, 1});
    cluster.topic("elsewhere", 1, {3, 1, 9});
    cluster.topic("here", 1, {1, 2});
    cluster.topic("lost", 1, {1}, Uuid{0, 2});
    cluster.topic("migrating", 1, {1}, Uuid{});
    cluster.topic("unassigned", 1, {1}, Uuid{0, 1});
    const ImagePointer image = cluster.image();
    const Response response = topic_page(*image, Request(), kListener, 10);
    ASSERT_EQ(response.topics.size(), 6u);
    struct Case {
        std::int32_t leader;
        std::vector<std::int32_t> offline;
    };
    const std::vector<Case> cases = {{-1, {2}}, {-1, {3, 9}}, {1, {2}}, {1, {1}}, {1, {}}, {1, {}}};
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto& topic = response.topics[i];
        const auto& partition = topic.partitions.at(0);
        EXPECT_EQ(partition.error_code, 0) << *topic.name;
        EXPECT_EQ(partition.leader_id, cases[i].leader) << *topic.name;
        EXPECT_EQ(partition.leader_epoch, 5) << *topic.name;
        EXPECT_EQ(partition.offline_replicas, cases[i].offline) << *topic.name;
        EXPECT_EQ(partition.eligible_leader_replicas, std::vector<std::int32_t>());
        EXPECT_EQ(partition.last_known_elr, std::vector<std::int32_t>());
    }
    EXPECT_EQ(response.topics[1].partitions[0].replica_nodes, (std::vector<std::int32_t>{3, 1, 9}));
}

}  // namespace
}  // namespace cauce::server::api
