#include "server/listed_resources.h"

#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/config_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::server {
namespace {

using metadata::ResourceType;

metadata::ImagePointer cluster() {
    metadata::RecordList records;
    wire::TopicRecord topic;
    topic.name = "blog";
    topic.topic_id = {9, 9};
    records.add(topic);
    for (std::int32_t id : {1, 2, 3}) {
        wire::RegisterBrokerRecord broker;
        broker.broker_id = id;
        broker.fenced = id == 2;
        auto& endpoint = broker.end_points.emplace_back();
        endpoint.name = id == 3 ? "INTERNAL" : "PLAINTEXT";
        endpoint.host = "localhost";
        records.add(broker);
    }
    for (const auto& [type, name] :
         {std::pair(ResourceType::group, "g"), std::pair(ResourceType::client_metrics, "s"),
          std::pair(ResourceType::broker, "")}) {
        wire::ConfigRecord config;
        config.resource_type = static_cast<std::int8_t>(type);
        config.resource_name = name;
        config.name = "a";
        config.value = "b";
        records.add(config);
    }
    metadata::ImageBuilder builder;
    for (std::size_t i = 0; i < records.size(); ++i)
        EXPECT_TRUE(builder.replay(records[i]));
    return builder.publish();
}

// "2:blog 4:1 ", or the error.
std::string listed(std::vector<std::int8_t> types) {
    const auto resources = listed_resources(*cluster(), "PLAINTEXT", types);
    if (!resources)
        return std::string(error_name(resources.error().code)) + ": " + resources.error().message;
    std::string out;
    for (const ListedResource& resource : *resources)
        out += std::to_string(static_cast<int>(resource.type)) + ":" + resource.name + " ";
    return out;
}

TEST(ListedResources, AllOfThemOrThoseOfATypes) {
    EXPECT_EQ(listed({}), "32:g 16:s 8:1 4:1 2:blog ") << "fenced and unreachable brokers are not";
    EXPECT_EQ(listed({2}), "2:blog ");
    EXPECT_EQ(listed({16, 32}), "32:g 16:s ");
    EXPECT_EQ(listed({4, 8}), "8:1 4:1 ");
    EXPECT_EQ(listed({2, 2}), "2:blog ");
}

TEST(ListedResources, OthersCannotBeListed) {
    EXPECT_EQ(listed({2, 3}), "UNSUPPORTED_VERSION: Unexpected resource type 3.");
    EXPECT_EQ(listed({-1}), "UNSUPPORTED_VERSION: Unexpected resource type -1.");
}

}  // namespace
}  // namespace cauce::server
