// The generated codecs: a few messages by hand, and all of them with random values.
#include "wire/api_table.h"
#include "wire/messages/api_versions_response.h"
#include "wire/messages/broker_registration_change_record.h"
#include "wire/messages/consumer_group_member_metadata_value.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/produce_request.h"
#include "wire/reader.h"
#include "wire/testing/registry.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

namespace cauce::wire {
namespace {

template <typename Message>
Buffer encoded(const Message& message, std::int16_t version) {
    Writer w;
    message.encode(w, version);
    EXPECT_TRUE(w.ok()) << w.error();
    return w.take();
}

template <typename Message>
Message decoded(BytesView bytes, std::int16_t version) {
    Message message;
    Reader r(bytes);
    message.decode(r, version);
    EXPECT_TRUE(r.ok()) << r.error();
    EXPECT_EQ(r.remaining(), 0u);
    return message;
}

TEST(MessagesTest, ProduceRequestInItsFirstForm) {
    const Buffer bytes = {
        0xff, 0xff,                                                // transactional id: null
        0xff, 0xff,                                                // acks -1
        0x00, 0x00, 0x75, 0x30,                                    // timeout 30000
        0x00, 0x00, 0x00, 0x01,                                    // one topic
        0x00, 0x04, 'b',  'l',  'o', 'g', 0x00, 0x00, 0x00, 0x01,  // one partition
        0x00, 0x00, 0x00, 0x02,                                    // number 2
        0x00, 0x00, 0x00, 0x03, 'x', 'y', 'z',
    };
    const auto request = decoded<ProduceRequest>(bytes, 3);
    EXPECT_EQ(request.transactional_id, std::nullopt);
    EXPECT_EQ(request.acks, -1);
    EXPECT_EQ(request.timeout_ms, 30000);
    ASSERT_EQ(request.topic_data.size(), 1u);
    EXPECT_EQ(request.topic_data[0].name, "blog");
    ASSERT_EQ(request.topic_data[0].partition_data.size(), 1u);
    EXPECT_EQ(request.topic_data[0].partition_data[0].index, 2);
    EXPECT_EQ(as_text(request.topic_data[0].partition_data[0].records->bytes), "xyz");
    EXPECT_EQ(encoded(request, 3), bytes);
}

TEST(MessagesTest, ProduceRequestFlexibleAndByTopicId) {
    const Buffer bytes = {
        0x00,                    // transactional id: null
        0x00, 0x01,              // acks 1
        0x00, 0x00, 0x00, 0x64,  // timeout 100
        0x02,                    // one topic
        0,    0,    0,    0,    0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2,
        0x02,                    // one partition
        0x00, 0x00, 0x00, 0x00,  // number 0
        0x00,                    // records: null
        0x00, 0x00, 0x00,        // no tagged fields: partition, topic, request
    };
    const auto request = decoded<ProduceRequest>(bytes, 13);
    EXPECT_EQ(request.topic_data.at(0).topic_id, (Uuid{1, 2}));
    EXPECT_EQ(request.topic_data.at(0).name, "");
    EXPECT_FALSE(request.topic_data.at(0).partition_data.at(0).records.has_value());
    EXPECT_EQ(encoded(request, 13), bytes);
}

TEST(MessagesTest, ApiVersionsResponseWithTaggedFields) {
    ApiVersionsResponse response;
    response.api_keys = {{.api_key = 18, .min_version = 0, .max_version = 4}};
    response.finalized_features_epoch = 7;
    response.finalized_features = {
        {.name = "kraft.version", .max_version_level = 1, .min_version_level = 1}};
    const Buffer bytes = {
        0x00, 0x00, 0x02, 0x00, 0x12, 0x00, 0x00, 0x00, 0x04, 0x00,  // no error, one key
        0x00, 0x00, 0x00, 0x00,                                      // throttle time
        0x02,                                                        // two tagged fields
        0x01, 0x08, 0,    0,    0,    0,    0,    0,    0,    7,     // 1: the epoch
        0x02, 0x14, 0x02, 0x0e, 'k',  'r',  'a',  'f',  't',  '.',  'v',
        'e',  'r',  's',  'i',  'o',  'n',  0x00, 0x01, 0x00, 0x01, 0x00,  // 2: the features
    };
    EXPECT_EQ(encoded(response, 3), bytes);
    EXPECT_EQ(decoded<ApiVersionsResponse>(bytes, 3), response);
    // Version 2 has no features; they may be dropped.
    EXPECT_EQ(decoded<ApiVersionsResponse>(encoded(response, 2), 2).finalized_features_epoch, -1);
}

TEST(MessagesTest, FieldThatAVersionLacksIsReported) {
    FetchRequest request;
    request.replica_state.replica_id = 3;  // From version 15 on; before, it was replica_id.
    Writer w;
    request.encode(w, 14);
    EXPECT_NE(w.error().find("FetchRequest.replica_state"), std::string::npos) << w.error();
    w.clear();
    request.encode(w, 15);
    EXPECT_TRUE(w.ok()) << w.error();
}

TEST(MessagesTest, IgnorableFieldThatAVersionLacksIsDropped) {
    FetchRequest request;
    request.rack_id = "west";  // From version 11 on.
    EXPECT_EQ(decoded<FetchRequest>(encoded(request, 10), 10).rack_id, "");
    EXPECT_EQ(decoded<FetchRequest>(encoded(request, 11), 11).rack_id, "west");
}

TEST(MessagesTest, NullWhereAVersionAllowsNone) {
    MetadataRequest request;
    request.topics.reset();  // "All topics" from version 1 on.
    Writer w;
    request.encode(w, 0);
    EXPECT_NE(w.error().find("MetadataRequest.topics"), std::string::npos) << w.error();
    w.clear();
    request.encode(w, 1);
    EXPECT_TRUE(w.ok()) << w.error();

    Reader r(w.written());
    MetadataRequest again;
    again.decode(r, 0);
    EXPECT_NE(r.error().find("MetadataRequest.topics is null"), std::string::npos) << r.error();
}

TEST(MessagesTest, VersionOutsideTheRange) {
    ProduceRequest request;
    Writer w;
    request.encode(w, 2);
    EXPECT_EQ(w.error(), "ProduceRequest has no version 2");
    Reader r({});
    request.decode(r, 14);
    EXPECT_NE(r.error().find("ProduceRequest has no version 14"), std::string::npos) << r.error();
}

TEST(MessagesTest, DecodingIntoAUsedMessageStartsAfresh) {
    FetchRequest request;
    request.rack_id = "west";
    request.topics.resize(5);
    const Buffer bytes = encoded(FetchRequest{}, 4);
    Reader r(bytes);
    request.decode(r, 4);
    EXPECT_EQ(request, FetchRequest{});
}

// Absence is coded in the tagged field itself; the default is an empty structure.
TEST(MessagesTest, NullableTaggedStruct) {
    ConsumerGroupMemberMetadataValue value;
    const std::size_t plain = encoded(value, 0).size();
    value.classic_member_metadata.reset();
    const Buffer absent = encoded(value, 0);
    EXPECT_EQ(absent.size(), plain + 3);  // Tag 0, size 1, absent.
    EXPECT_EQ(decoded<ConsumerGroupMemberMetadataValue>(absent, 0), value);
    value.classic_member_metadata.emplace().session_timeout_ms = 45000;
    EXPECT_EQ(decoded<ConsumerGroupMemberMetadataValue>(encoded(value, 0), 0), value);
}

TEST(MessagesTest, TagOfALaterVersionIsSkipped) {
    BrokerRegistrationChangeRecord record;
    record.in_controlled_shutdown = 1;  // Tagged, from version 1 on.
    const Buffer bytes = encoded(record, 1);
    EXPECT_EQ(decoded<BrokerRegistrationChangeRecord>(bytes, 0).in_controlled_shutdown, 0);
    EXPECT_EQ(decoded<BrokerRegistrationChangeRecord>(bytes, 1).in_controlled_shutdown, 1);
}

TEST(MessagesTest, FetchResponseLeavesGapsForFiles) {
    FetchResponse response;
    auto& partitions = response.responses.emplace_back().partitions;
    partitions.emplace_back().records = Records{{}, 1 << 20};
    partitions.emplace_back().records = Records{{}, 0};
    Writer w;
    response.encode(w, 12);
    ASSERT_TRUE(w.ok()) << w.error();
    ASSERT_EQ(w.gaps().size(), 1u);
    EXPECT_EQ(w.gaps()[0].size, 1u << 20);
    // With the gap filled in, the message reads as if it had been written whole.
    Buffer whole(w.written().begin(), w.written().end());
    whole.insert(whole.begin() + static_cast<std::ptrdiff_t>(w.gaps()[0].position), 1 << 20, 0xaa);
    EXPECT_EQ(whole.size(), w.wire_size());
    const auto again = decoded<FetchResponse>(whole, 12);
    EXPECT_EQ(again.responses.at(0).partitions.at(0).records->size(), 1u << 20);
    EXPECT_EQ(again.responses.at(0).partitions.at(1).records->size(), 0u);
}

TEST(MessagesTest, EveryMessageAndVersionSurvivesRandomValues) {
    int checked = 0;
    for (const testing::MessageCodec& codec : testing::all_messages()) {
        for (std::int16_t v = codec.min_version; v <= codec.max_version; ++v) {
            for (std::uint64_t seed = 0; seed < 8; ++seed) {
                const Buffer bytes = codec.random(seed, v);
                const testing::RoundTrip trip = codec.round_trip(bytes, v);
                ASSERT_EQ(trip.error, "") << codec.name << " v" << v << " seed " << seed;
                ASSERT_EQ(trip.left, 0u) << codec.name << " v" << v << " seed " << seed;
                ASSERT_EQ(trip.bytes, bytes) << codec.name << " v" << v << " seed " << seed;
                ASSERT_TRUE(trip.stable) << codec.name << " v" << v << " seed " << seed;
                ++checked;
            }
        }
    }
    EXPECT_GT(checked, 5000);
}

// A cut-off message is an error at every length, never a crash. (Only trailing fields of zero size
// could hide a cut, and there are none.)
TEST(MessagesTest, EveryTruncationIsNoticed) {
    for (const testing::MessageCodec& codec : testing::all_messages()) {
        for (std::int16_t v = codec.min_version; v <= codec.max_version; ++v) {
            const Buffer bytes = codec.random(1, v);
            for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 64) {
                const auto trip = codec.round_trip(BytesView(bytes).first(size), v);
                ASSERT_NE(trip.error, "") << codec.name << " v" << v << " cut at " << size;
            }
        }
    }
}

TEST(MessagesTest, NamesAndKeysAreUnique) {
    std::set<std::string_view> names;
    for (const testing::MessageCodec& codec : testing::all_messages()) {
        EXPECT_TRUE(names.insert(codec.name).second) << codec.name;
    }
    EXPECT_EQ(names.size(), 278u);
    for (std::size_t i = 1; i < all_apis().size(); ++i) {
        EXPECT_LT(all_apis()[i - 1].key, all_apis()[i].key);
    }
}

TEST(ApiTableTest, HeaderVersions) {
    EXPECT_EQ(all_apis().size(), 91u);
    const ApiInfo& produce = find_api(ApiKey::produce);
    EXPECT_EQ(produce.name, "Produce");
    EXPECT_EQ(produce.request_header_version(8), 1);
    EXPECT_EQ(produce.request_header_version(9), 2);
    EXPECT_EQ(produce.response_header_version(8), 0);
    EXPECT_EQ(produce.response_header_version(9), 1);
    const ApiInfo& handshake = find_api(ApiKey::sasl_handshake);
    EXPECT_EQ(handshake.request_header_version(1), 1);
    const ApiInfo& versions = find_api(ApiKey::api_versions);
    EXPECT_EQ(versions.request_header_version(3), 2);
    EXPECT_EQ(versions.response_header_version(3), 0);
    EXPECT_EQ(find_api(4), nullptr);
    EXPECT_EQ(find_api(16000), nullptr);
    EXPECT_EQ(find_api(-1), nullptr);
    EXPECT_EQ(find_api(ApiKey::init_producer_id).max_version, 5);
    EXPECT_EQ(find_api(ApiKey::init_producer_id).unstable_version, 6);
    EXPECT_TRUE(find_api(ApiKey::vote).on_controller);
    EXPECT_FALSE(find_api(ApiKey::vote).on_broker);
}

}  // namespace
}  // namespace cauce::wire
