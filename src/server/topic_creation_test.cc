#include "server/topic_creation.h"

#include "server/changed_reason.h"
#include "wire/messages/create_topics_response.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace cauce::server {
namespace {

TEST(ChangedReason, IsToldOnceUntilAnotherOneComesOrAllIsWell) {
    struct Step {
        std::string_view reason;
        bool news;
    };
    ChangedReason reason;
    for (const Step& step : std::array<Step, 9>{{{"", false},
                                                 {"too few brokers", true},
                                                 {"too few brokers", false},
                                                 {"no controller", true},
                                                 {"too few brokers", true},
                                                 {"too few brokers", false},
                                                 {"", false},
                                                 {"too few brokers", true},
                                                 {"too few brokers", false}}})
        EXPECT_EQ(reason.is_news(step.reason), step.news) << step.reason;
}

TEST(OffsetsTopic, TheReasonWhyItCannotBeMadeSaysWhatToDo) {
    wire::CreateTopicsResponse::CreatableTopicResult topic;
    EXPECT_EQ(offsets_topic_refusal(topic), "");
    topic.error_code = to_wire(ErrorCode::topic_already_exists);
    topic.error_message = "Topic '__consumer_offsets' already exists.";
    EXPECT_EQ(offsets_topic_refusal(topic), "");
    topic.error_code = to_wire(ErrorCode::request_timed_out);
    topic.error_message.reset();
    EXPECT_EQ(offsets_topic_refusal(topic), "REQUEST_TIMED_OUT");
    topic.error_code = to_wire(ErrorCode::invalid_replication_factor);
    topic.error_message = "Unable to replicate the partition 3 time(s).";
    EXPECT_EQ(offsets_topic_refusal(topic),
              "INVALID_REPLICATION_FACTOR: Unable to replicate the partition 3 time(s). "
              "(see offsets.topic.replication.factor)");
    topic.error_code = to_wire(ErrorCode::invalid_partitions);
    topic.error_message = "No.";
    EXPECT_EQ(offsets_topic_refusal(topic),
              "INVALID_PARTITIONS: No. (see offsets.topic.num.partitions)");
}

}  // namespace
}  // namespace cauce::server
