#include "coordinator/group/assigned_partitions.h"

#include "coordinator/group/testing/bench.h"
#include "wire/messages/consumer_protocol_assignment.h"
#include "wire/record_frame.h"
#include "wire/writer.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using Partitions = std::vector<TopicPartition>;

std::string assignment(std::int16_t version) {
    wire::ConsumerProtocolAssignment message;
    message.assigned_partitions = {{"b", {1}}, {"a", {2, 0}}};
    wire::Writer writer;
    wire::write_versioned(writer, message, version);
    return std::string(as_text(writer.written()));
}

// A group of one member, which was given `text`.
struct Assigned {
    explicit Assigned(const std::string& text, std::string_view type = "consumer") {
        member = bench.new_id({.type = type});
        const auto reply = bench.join({.member = member, .type = type});
        bench.pass(kInitialRebalanceDelay);
        EXPECT_TRUE(bench.answered(reply));
        bench.sync("g", member, 1, {{member, text}});
        EXPECT_EQ(bench.state(), GroupState::stable);
    }
    std::optional<Partitions> partitions() const {
        const ClassicGroup& group = *bench.groups.find("g");
        return assigned_partitions(group, group.members().at(member));
    }

    Bench bench;
    std::string member;
};

TEST(AssignedPartitions, AreWhatTheMemberWasGiven) {
    const Partitions all{{"a", 0}, {"a", 2}, {"b", 1}};
    for (const std::int16_t version : {std::int16_t{0}, std::int16_t{3}})
        EXPECT_EQ(Assigned(assignment(version)).partitions(), all) << version;
    // Of a version to come.
    std::string newer = assignment(3);
    newer[1] = 9;
    EXPECT_EQ(Assigned(newer + "more").partitions(), all);
    EXPECT_EQ(Assigned("").partitions(), Partitions());
}

TEST(AssignedPartitions, AreUnknownOfWhatIsNoConsumerAndInARebalance) {
    EXPECT_EQ(Assigned(assignment(0), "connect").partitions(), std::nullopt);
    const std::string whole = assignment(0);
    for (std::size_t size = 1; size < whole.size(); ++size)
        EXPECT_EQ(Assigned(whole.substr(0, size)).partitions(), std::nullopt) << size;
    Assigned group(whole);
    const std::string another = group.bench.new_id({});
    group.bench.join({.member = another});
    ASSERT_EQ(group.bench.state(), GroupState::preparing_rebalance);
    EXPECT_EQ(group.partitions(), std::nullopt);
}

}  // namespace
}  // namespace cauce::coordinator::group
