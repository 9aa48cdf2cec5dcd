#include "coordinator/responses.h"

#include "wire/messages/delete_groups_response.h"
#include "wire/messages/offset_delete_response.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace cauce::coordinator {
namespace {

// What an answer shows of topics: "blog 0=15/-1 2=15/-1", error and offset of each partition.
template <typename Topics>
std::string text_of(const Topics& topics) {
    std::string text;
    for (const auto& topic : topics) {
        text += (text.empty() ? "" : ", ") + std::string(topic.name);
        for (const auto& partition : topic.partitions)
            text += " " + std::to_string(partition.partition_index) + "=" +
                    std::to_string(partition.error_code) + "/" +
                    std::to_string(partition.committed_offset);
    }
    return text;
}

// Where the error of a group stands: in every partition in version 1, beside the topics from
// version 2 on, with its group from version 8 on.
TEST(OffsetFetchResponses, AFailedFetchTellsItsErrorWhereTheVersionHasAPlace) {
    const std::int16_t not_available = to_wire(ErrorCode::coordinator_not_available);
    for (const std::int16_t version : std::array<std::int16_t, 6>{1, 2, 5, 7, 8, 9}) {
        SCOPED_TRACE(version);
        wire::OffsetFetchRequest request;
        const std::vector<std::int32_t> of_blog{0, 2};
        const std::vector<std::int32_t> of_news{7};
        if (version < 8) {
            request.group_id = "readers";
            auto& topics = request.topics.emplace();
            topics.emplace_back().name = "blog";
            topics.back().partition_indexes = of_blog;
            topics.emplace_back().name = "news";
            topics.back().partition_indexes = of_news;
        } else {
            auto& group = request.groups.emplace_back();
            group.group_id = "readers";
            auto& topics = group.topics.emplace();
            topics.emplace_back().name = "blog";
            topics.back().partition_indexes = of_blog;
        }
        const auto queries = offset_fetch_queries(request, version);
        ASSERT_EQ(queries.size(), 1u);
        const std::vector<OffsetFetchReply> replies{
            failed_fetch(queries.front(), ErrorCode::coordinator_not_available)};
        const wire::OffsetFetchResponse response = to_response(replies, version);
        if (version == 1) {
            EXPECT_EQ(text_of(response.topics), "blog 0=15/-1 2=15/-1, news 7=15/-1");
            EXPECT_EQ(response.error_code, 0);
        } else if (version < 8) {
            EXPECT_EQ(text_of(response.topics), "");
            EXPECT_EQ(response.error_code, not_available);
        } else {
            ASSERT_EQ(response.groups.size(), 1u);
            EXPECT_EQ(response.groups[0].group_id, "readers");
            EXPECT_EQ(response.groups[0].error_code, not_available);
            EXPECT_EQ(text_of(response.groups[0].topics), "");
        }
    }
}

// All topics were asked for, so there are none to tell of.
TEST(OffsetFetchResponses, AFailedFetchOfEverythingHasTheGroupsErrorAlone) {
    OffsetFetchQuery query;
    query.group_id = "readers";
    const std::vector<OffsetFetchReply> replies{
        failed_fetch(query, ErrorCode::coordinator_not_available)};
    const wire::OffsetFetchResponse response = to_response(replies, 2);
    EXPECT_EQ(response.error_code, to_wire(ErrorCode::coordinator_not_available));
    EXPECT_TRUE(response.topics.empty());
}

TEST(DeleteGroupsResponses, AnErrorForEachGroupAndItsTextFromVersion3On) {
    const std::vector<DeleteGroupReply> replies{
        {"a", ErrorCode::none, std::nullopt},
        {"b", ErrorCode::non_empty_group, "not ours"},
    };
    const wire::DeleteGroupsResponse response = to_response(replies, 3);
    ASSERT_EQ(response.results.size(), 2u);
    EXPECT_EQ(response.results[0].group_id, "a");
    EXPECT_EQ(response.results[0].error_code, 0);
    EXPECT_EQ(response.results[0].error_message, std::nullopt);
    EXPECT_EQ(response.results[1].error_code, 68);
    EXPECT_EQ(response.results[1].error_message, "not ours");
    for (std::int16_t version = 0; version <= 3; ++version) {
        SCOPED_TRACE(version);
        wire::Writer writer;
        to_response(replies, version).encode(writer, version);
        ASSERT_TRUE(writer.ok()) << writer.error();
        wire::Reader reader(writer.written());
        wire::DeleteGroupsResponse read;
        read.decode(reader, version);
        ASSERT_TRUE(reader.ok() && read.results.size() == 2);
        EXPECT_EQ(read.results[1].error_code, 68);
        EXPECT_EQ(read.results[1].error_message.has_value(), version >= 3);
    }
}

TEST(OffsetDeleteResponses, AnErrorForThePartitionsOrForAll) {
    const OffsetDeleteReply reply{
        ErrorCode::none,
        {{"t", {{0, ErrorCode::none}, {3, ErrorCode::group_subscribed_to_topic}}}}};
    const wire::OffsetDeleteResponse response = to_response(reply, 0);
    EXPECT_EQ(response.error_code, 0);
    ASSERT_EQ(response.topics.size(), 1u);
    EXPECT_EQ(response.topics[0].name, "t");
    ASSERT_EQ(response.topics[0].partitions.size(), 2u);
    EXPECT_EQ(response.topics[0].partitions[1].partition_index, 3);
    EXPECT_EQ(response.topics[0].partitions[1].error_code, 86);
    EXPECT_EQ(to_response(OffsetDeleteReply{ErrorCode::group_id_not_found, {}}, 0).error_code, 69);
}

}  // namespace
}  // namespace cauce::coordinator
