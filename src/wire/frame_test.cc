#include "wire/frame.h"

#include "wire/messages/consumer_protocol_subscription.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/offset_commit_key.h"
#include "wire/messages/topic_record.h"
#include "wire/record_frame.h"

#include <gtest/gtest.h>

namespace cauce::wire {
namespace {

TEST(FrameTest, SizePrefix) {
    EXPECT_EQ(parse_frame_size({0, 0, 1, 0}, 1000).value(), 256u);
    EXPECT_EQ(parse_frame_size({0, 0, 0, 0}, 1000).value(), 0u);
    EXPECT_FALSE(parse_frame_size({0, 0, 4, 0}, 1000).has_value());
    EXPECT_FALSE(parse_frame_size({0xff, 0xff, 0xff, 0xff}, 1000).has_value());
}

TEST(FrameTest, RequestThereAndBack) {
    Writer w;
    begin_request(w, ApiKey::metadata, 12, 99, "me");
    MetadataRequest request;
    request.encode(w, 12);
    ASSERT_TRUE(end_frame(w));
    const BytesView all = w.written();
    // Size, key 3, version 12, correlation id 99, client id in the old form, no tagged fields.
    const Buffer start = {0, 0, 0, 17, 0, 3, 0, 12, 0, 0, 0, 99, 0, 2, 'm', 'e', 0};
    EXPECT_EQ(Bytes(all.first(start.size())), Bytes(start));

    const auto frame = parse_request_frame(all.subspan(kFrameSizeBytes));
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->api->key, ApiKey::metadata);
    EXPECT_EQ(frame->api_version, 12);
    EXPECT_TRUE(frame->version_supported());
    EXPECT_EQ(frame->correlation_id, 99);
    EXPECT_EQ(frame->client_id, "me");
    Reader r(frame->body);
    MetadataRequest again;
    again.decode(r, 12);
    EXPECT_TRUE(r.ok()) << r.error();
    EXPECT_EQ(again, request);
}

TEST(FrameTest, OldHeaderWithoutClientId) {
    const Buffer frame = {0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const auto parsed = parse_request_frame(frame);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->client_id, std::nullopt);
    EXPECT_EQ(parsed->body.size(), 4u);
}

TEST(FrameTest, UnknownKeysAndVersionsAreLeftToTheCaller) {
    const Buffer unknown = {0x3e, 0x80, 0, 0, 0, 0, 0, 7, 1, 2, 3};
    auto parsed = parse_request_frame(unknown);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->api, nullptr);
    EXPECT_EQ(parsed->api_key, 16000);
    EXPECT_FALSE(parsed->version_supported());

    const Buffer newer = {0, 18, 0, 99, 0, 0, 0, 7, 0, 1, 'x', 0, 1, 2, 3};
    parsed = parse_request_frame(newer);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->api->key, ApiKey::api_versions);
    EXPECT_FALSE(parsed->version_supported());
    EXPECT_EQ(parsed->client_id, "x");
}

TEST(FrameTest, TruncatedHeadersAreErrors) {
    const Buffer frame = {0, 3, 0, 12, 0, 0, 0, 99, 0, 2, 'm', 'e', 0};
    for (std::size_t size = 0; size < frame.size(); ++size) {
        EXPECT_FALSE(parse_request_frame(BytesView(frame).first(size)).has_value()) << size;
    }
    EXPECT_TRUE(parse_request_frame(frame).has_value());
}

TEST(FrameTest, ResponseHeaders) {
    for (const auto& [key, version, size] : {std::tuple{ApiKey::metadata, std::int16_t{8}, 4u},
                                             {ApiKey::metadata, 9, 5u},
                                             {ApiKey::api_versions, 3, 4u}}) {
        Writer w;
        begin_response(w, key, version, 5);
        ASSERT_TRUE(end_frame(w));
        EXPECT_EQ(w.position(), kFrameSizeBytes + size);
        Reader r(w.written());
        EXPECT_EQ(r.int32(), static_cast<std::int32_t>(size));
        EXPECT_EQ(read_response_header(r, key, version), 5);
        EXPECT_TRUE(r.ok());
        EXPECT_EQ(r.remaining(), 0u);
    }
}

TEST(FrameTest, GapsCountInTheFrameSize) {
    Writer w;
    begin_response(w, ApiKey::fetch, 4, 5);
    w.records({{}, 1000}, false);
    ASSERT_TRUE(end_frame(w));
    Reader r(w.written());
    EXPECT_EQ(r.int32(), 4 + 4 + 1000);
    w.records({{}, std::uint64_t{2} << 30}, false);
    EXPECT_FALSE(w.ok());
}

TEST(RecordFrameTest, MetadataValue) {
    Writer w;
    write_metadata_record(w, TopicRecord{.name = "blog", .topic_id = {1, 2}}, 0);
    const Buffer start = {1, 2, 0, 5, 'b', 'l', 'o', 'g'};
    EXPECT_EQ(Bytes(w.written().first(start.size())), Bytes(start));
    Reader r(w.written());
    const MetadataRecordHeader header = read_metadata_record_header(r);
    EXPECT_EQ(header.type, static_cast<std::uint32_t>(TopicRecord::kRecordType));
    TopicRecord again;
    again.decode(r, header.version);
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(again.name, "blog");

    const Buffer other_frame = {2, 2, 0};
    Reader bad(other_frame);
    read_metadata_record_header(bad);
    EXPECT_FALSE(bad.ok());
}

TEST(RecordFrameTest, CoordinatorKeyAndVersionedBlob) {
    Writer w;
    write_coordinator_key(w, OffsetCommitKey{.group = "g", .topic = "t", .partition = 3});
    EXPECT_EQ(w.take(), (Buffer{0, 1, 0, 1, 'g', 0, 1, 't', 0, 0, 0, 3}));

    ConsumerProtocolSubscription subscription;
    subscription.topics = {"blog"};
    write_versioned(w, subscription, 1);
    Buffer blob = w.take();
    Reader r(blob);
    EXPECT_EQ(read_versioned<ConsumerProtocolSubscription>(r).topics, subscription.topics);
    EXPECT_TRUE(r.ok());

    write_versioned(w, subscription, ConsumerProtocolSubscription::kMaxVersion);
    blob = w.take();
    blob[1] = 99;  // A version of the future.
    Reader strict(blob);
    read_versioned<ConsumerProtocolSubscription>(strict);
    EXPECT_FALSE(strict.ok());
    Reader lenient(blob);
    EXPECT_EQ(read_versioned<ConsumerProtocolSubscription>(lenient, true).topics,
              subscription.topics);
    EXPECT_TRUE(lenient.ok());
}

}  // namespace
}  // namespace cauce::wire
