// Fields of ours in messages of Kafka's: carried by tags that no published definition has, which
// others skip.
#include "wire/messages/describe_log_dirs_request.h"
#include "wire/messages/describe_log_dirs_response.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace cauce::wire {
namespace {

template <typename Message>
Buffer encoded(const Message& message, std::int16_t version) {
    Writer writer;
    message.encode(writer, version);
    EXPECT_TRUE(writer.ok()) << writer.error();
    return writer.take();
}

template <typename Message>
void decode(const Buffer& bytes, std::int16_t version, Message& into) {
    Reader reader(bytes);
    into.decode(reader, version);
    EXPECT_TRUE(reader.ok() && reader.remaining() == 0) << version;
}

DescribeLogDirsResponse with_retention() {
    DescribeLogDirsResponse response;
    auto& partition =
        response.results.emplace_back().topics.emplace_back().partitions.emplace_back();
    partition.partition_index = 7;
    auto& retention = partition.retention.emplace();
    retention.segment_count = 3;
    retention.first_offset = 1ll << 40;
    retention.next_offset = (1ll << 40) + 5;
    retention.size = 1 << 30;
    retention.max_timestamp = 1'700'000'000'000;
    retention.is_last = true;
    retention.verdict = 2;
    retention.due_ms = INT64_MAX;
    return response;
}

TEST(OwnFields, ComeBackWhereTagsAre) {
    const DescribeLogDirsResponse sent = with_retention();
    for (std::int16_t version = 1; version <= DescribeLogDirsResponse::kMaxVersion; ++version) {
        DescribeLogDirsResponse got;
        const Buffer bytes = encoded(sent, version);
        decode(bytes, version, got);
        const auto& partition = got.results.at(0).topics.at(0).partitions.at(0);
        EXPECT_EQ(partition.partition_index, 7);
        if (version < DescribeLogDirsResponse::kFirstFlexibleVersion) {
            EXPECT_FALSE(partition.retention);
        } else {
            EXPECT_TRUE(partition == sent.results[0].topics[0].partitions[0]) << version;
        }
    }
}

TEST(OwnFields, WhoDoesNotAskSendsNothingOfThem) {
    DescribeLogDirsRequest request;
    const Buffer without = encoded(request, 5);
    request.include_retention = true;
    EXPECT_GT(encoded(request, 5).size(), without.size());
    EXPECT_EQ(encoded(request, 1), encoded(DescribeLogDirsRequest(), 1));
    DescribeLogDirsResponse response = with_retention();
    response.results[0].topics[0].partitions[0].retention.reset();
    const Buffer plain = encoded(response, 5);
    // The tag, the size of the field, its presence, its numbers, and no tags within it.
    const std::size_t numbers = 4 + 4 * 8 + 1 + 1 + 2 * 8;
    EXPECT_EQ(encoded(with_retention(), 5).size() - plain.size(), 2 + 1 + 1 + numbers + 1);
}

}  // namespace
}  // namespace cauce::wire
