#include "coordinator/responses.h"

#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"

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

}  // namespace
}  // namespace cauce::coordinator
