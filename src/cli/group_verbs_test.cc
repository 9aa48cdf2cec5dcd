// The verbs that look at groups and change them: table, JSON, and how they fail.
#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

class GroupVerbs : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;
    using Committed = std::map<TopicPartition, std::int64_t>;

    void SetUp() override {
        cluster.metadata.add_topic("blog", {1, 1});
        cluster.metadata.add_topic("news", {1});
        cluster.log.add({"blog", 0}, {"a", "b", "c"}, {}, 1'000);
        cluster.log.add({"blog", 1}, {"d"}, {}, 2'000);
        cluster.log.add({"news", 0}, {"e", "f"}, {}, 3'000);
        cluster.groups["billing"] = {"Empty", {}, {{{"blog", 0}, 1}, {{"blog", 1}, 1}}};
    }
    // Standard output; the exit code must be 0.
    std::string out(Words words) {
        EXPECT_EQ(program.call(std::move(words)), exit_ok) << program.err.text;
        return program.out.text;
    }
    // Standard error; the exit code must be `code`, and nothing is printed as data.
    std::string failure(int code, Words words) {
        EXPECT_EQ(program.call(std::move(words)), code) << program.err.text;
        EXPECT_EQ(program.out.text, "");
        return program.err.text;
    }
    std::string seek(Words words) {
        words.insert(words.begin(), {"group", "seek", "billing"});
        return out(std::move(words));
    }
    // Carries out the command that standard error says undoes the last one.
    void undo() {
        const std::string start = "To undo:  cauce ";
        ASSERT_TRUE(program.err.text.starts_with(start)) << program.err.text;
        Words words;
        std::string rest = program.err.text.substr(start.size());
        while (!rest.empty()) {
            const std::size_t end = rest.find_first_of(" \n");
            words.push_back(rest.substr(0, end));
            rest.erase(0, end + 1);
        }
        out(std::move(words));
    }
    const Committed& committed() { return cluster.groups["billing"].committed; }
    void TearDown() override { cluster.broker.hang_up(); }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeCluster cluster{net, loop};
    testing::FakeProgram program{loop, net};
};

// --- lag

TEST_F(GroupVerbs, LagOfOneGroup) {
    cluster.groups["billing"].committed[{"news", 0}] = 2;
    EXPECT_EQ(out({"group", "lag", "billing"}),
              "GROUP    TOPIC  PARTITIONS  LAG  MAX-LAG\n"
              "billing  blog            2    2        2\n"
              "billing  news            1    0        0\n");
    EXPECT_EQ(out({"group", "lag", "billing", "-p"}),
              "GROUP    TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG\n"
              "billing  blog           0               1               3    2\n"
              "billing  blog           1               1               1    0\n"
              "billing  news           0               2               2    0\n");
    EXPECT_EQ(out({"group", "lag", "billing", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"group\": \"billing\",\n"
              "    \"topic\": \"blog\",\n"
              "    \"partition_count\": 2,\n"
              "    \"lag\": 2,\n"
              "    \"max_lag\": 2\n"
              "  },\n"
              "  {\n"
              "    \"group\": \"billing\",\n"
              "    \"topic\": \"news\",\n"
              "    \"partition_count\": 1,\n"
              "    \"lag\": 0,\n"
              "    \"max_lag\": 0\n"
              "  }\n"
              "]\n");
}

TEST_F(GroupVerbs, LagOfAllGroups) {
    cluster.groups["audit"] = {"Stable", {{"news", 0}}, {}};
    EXPECT_EQ(out({"group", "lag"}),
              "GROUP    TOPIC  PARTITIONS  LAG  MAX-LAG\n"
              "audit    news            1    -        -\n"  // read, nothing committed yet
              "billing  blog            2    2        2\n");
    cluster.groups.clear();
    EXPECT_EQ(out({"group", "lag"}), "GROUP  TOPIC  PARTITIONS  LAG  MAX-LAG\n");
    EXPECT_EQ(program.err.text, "No position is committed, and nothing is being read.\n");
}

TEST_F(GroupVerbs, LagFails) {
    EXPECT_EQ(failure(exit_not_found, {"group", "lag", "biling"}),
              "error: group `biling` does not exist\n"
              "  why: the cluster at 127.0.0.1:9092 knows no group of that name\n"
              " next: cauce group list  shows the groups there are\n");
    cluster.broker.stop();
    EXPECT_TRUE(
        failure(exit_unreachable, {"group", "lag"}).starts_with("error: the lag was not read\n"));
}

// --- seek

TEST_F(GroupVerbs, SeekShowsBeforeItMoves) {
    const Committed before = committed();
    for (const Words& words : {Words{"--to", "start"}, Words{"--to", "start", "--dry-run"},
                               Words{"--to", "start", "--dry-run", "-y"}}) {
        EXPECT_EQ(seek(words),
                  "TOPIC  PARTITION  CURRENT-OFFSET  NEW-OFFSET  LOG-END-OFFSET  LAG  STATUS\n"
                  "blog           0               1           0               3    3  would move\n"
                  "blog           1               1           0               1    1  would "
                  "move\n");
        EXPECT_EQ(program.err.text,
                  "This is a preview: nothing was moved. Add  -y  to move the positions.\n");
        EXPECT_EQ(committed(), before);
    }
}

TEST_F(GroupVerbs, SeekMovesAndSaysHowToUndoIt) {
    const Committed before = committed();
    EXPECT_EQ(seek({"--to", "end", "-y"}),
              "TOPIC  PARTITION  CURRENT-OFFSET  NEW-OFFSET  LOG-END-OFFSET  LAG  STATUS\n"
              "blog           0               1           3               3    0  moved\n"
              "blog           1               1           1               1    0  stays\n");
    EXPECT_EQ(program.err.text, "To undo:  cauce group seek billing --position blog:0=1 -y\n");
    EXPECT_EQ(committed(), (Committed{{{"blog", 0}, 3}, {{"blog", 1}, 1}}));
    undo();
    EXPECT_EQ(committed(), before);
    // And what undoes the undoing.
    EXPECT_EQ(program.err.text, "To undo:  cauce group seek billing --position blog:0=3 -y\n");
}

TEST_F(GroupVerbs, SeekAsJson) {
    EXPECT_EQ(seek({"--to", "0", "--topic", "blog:0", "-y", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"topic\": \"blog\",\n"
              "    \"partition\": 0,\n"
              "    \"current_offset\": 1,\n"
              "    \"new_offset\": 0,\n"
              "    \"log_end_offset\": 3,\n"
              "    \"lag\": 3,\n"
              "    \"status\": \"moved\"\n"
              "  }\n"
              "]\n");
}

TEST_F(GroupVerbs, SeekKnowsPlaces) {
    cluster.log.partitions[{"blog", 0}].start = 1;
    cluster.log.partitions[{"blog", 0}].records[2].timestamp = 5'000;
    struct Case {
        const char* place;
        std::int64_t offset;
    };
    const Case cases[] = {
        {"start", 1}, {"end", 3}, {"2", 2},  {"0", 1},  // within what the log holds
        {"99", 3},    {"-1", 2},  {"+1", 2}, {"@1", 1}, {"@1970-01-01T00:00:04Z", 2},
        {"@9", 3},  // nothing is as young as that
    };
    for (const Case& c : cases) {
        cluster.groups["billing"].committed.clear();
        seek({"--to", c.place, "--topic", "blog:0", "-y"});
        EXPECT_EQ(committed(), (Committed{{{"blog", 0}, c.offset}})) << c.place;
    }
    // Back from now, which is long after these records.
    cluster.groups["billing"].committed.clear();
    seek({"--to", "-1h", "--topic", "blog:0", "-y"});
    EXPECT_EQ(committed(), (Committed{{{"blog", 0}, 3}}));
}

TEST_F(GroupVerbs, SeekTakesTopicsTheGroupHasNeverSeen) {
    seek({"--to", "start", "--topic", "news", "--topic", "blog:1", "-y"});
    EXPECT_EQ(committed(), (Committed{{{"blog", 0}, 1}, {{"blog", 1}, 0}, {{"news", 0}, 0}}));
    EXPECT_EQ(program.err.text,
              "To undo:  cauce group seek billing --position blog:1=1 --position news:0=none -y\n");
    undo();
    EXPECT_EQ(committed(), (Committed{{{"blog", 0}, 1}, {{"blog", 1}, 1}}));
}

TEST_F(GroupVerbs, SeekMakesAGroupThatIsToCome) {
    out({"group", "seek", "new one", "--to", "end", "--topic", "news"});
    EXPECT_TRUE(program.err.text.starts_with("There is no group `new one`: it would be made.\n"));
    EXPECT_FALSE(cluster.groups.contains("new one"));
    out({"group", "seek", "new one", "--to", "end", "--topic", "news", "-y"});
    EXPECT_EQ(cluster.groups["new one"].committed, (Committed{{{"news", 0}, 2}}));
    EXPECT_EQ(program.err.text, "To undo:  cauce group delete 'new one' -y\n");
}

TEST_F(GroupVerbs, SeekPassesOverTopicsThatAreGone) {
    cluster.metadata.topics.erase("blog");
    cluster.groups["billing"].committed[{"news", 0}] = 0;
    const std::string table = seek({"--to", "end", "-y"});
    EXPECT_FALSE(table.contains("blog")) << table;
    EXPECT_EQ(committed().at({"news", 0}), 2);
    EXPECT_TRUE(program.err.text.contains("Topic `blog` is gone"));
}

TEST_F(GroupVerbs, SeekHasNothingToDo) {
    seek({"--position", "blog:0=1,1=1", "-y"});
    EXPECT_EQ(program.err.text, "Nothing to move: every position is there already.\n");
}

TEST_F(GroupVerbs, SeekDoesNotMoveWhatSomebodyUses) {
    cluster.groups["billing"].state = "Stable";
    // A look is free.
    EXPECT_TRUE(seek({"--to", "end"}).contains("would move"));
    EXPECT_TRUE(program.err.text.contains("The group is in use")) << program.err.text;
    EXPECT_EQ(failure(exit_error, {"group", "seek", "billing", "--to", "end", "-y"}),
              "error: the positions of group `billing` were not moved\n"
              "  why: it has a member, who would go on from where they are\n"
              " next: stop its consumers and try again;  cauce group describe billing -o wide  "
              "shows who they are\n");
    // Somebody may come between the look and the change.
    cluster.groups["billing"].state = "Empty";
    cluster.joined_meanwhile = true;
    EXPECT_EQ(program.call({"group", "seek", "billing", "--to", "end", "-y"}), exit_error);
    EXPECT_TRUE(program.out.text.contains("failed")) << program.out.text;
    EXPECT_TRUE(program.err.text.starts_with("error: the position in blog-0 was not moved\n"))
        << program.err.text;
    EXPECT_EQ(committed().at({"blog", 0}), 1);
}

TEST_F(GroupVerbs, SeekFails) {
    EXPECT_TRUE(failure(exit_not_found, {"group", "seek", "biling", "--to", "end"})
                    .starts_with("error: group `biling` does not exist\n"));
    EXPECT_TRUE(
        failure(exit_not_found, {"group", "seek", "billing", "--to", "end", "--topic", "blgo"})
            .contains("did you mean `blog`?"));
    EXPECT_TRUE(
        failure(exit_not_found, {"group", "seek", "billing", "--to", "end", "--topic", "blog:7"})
            .starts_with("error: topic `blog` has no partition 7\n"));
    failure(exit_usage, {"group", "seek", "billing"});
    failure(exit_usage, {"group", "seek", "--to", "end"});
    failure(exit_usage, {"group", "seek", "billing", "--to", "somewhere"});
    failure(exit_usage, {"group", "seek", "billing", "--to", "end", "--position", "blog:0=1"});
    failure(exit_usage, {"group", "seek", "billing", "--position", "blog=1"});
    failure(exit_usage, {"group", "seek", "billing", "--position", "blog:0=1", "--topic", "blog"});
    cluster.broker.stop();
    failure(exit_unreachable, {"group", "seek", "billing", "--to", "end"});
}

// --- delete

TEST_F(GroupVerbs, Delete) {
    EXPECT_EQ(out({"group", "delete", "billing", "--dry-run"}),
              "GROUP    POSITIONS  STATUS\n"
              "billing          2  would be deleted\n");
    EXPECT_TRUE(cluster.groups.contains("billing"));
    const Committed before = committed();
    EXPECT_EQ(out({"group", "delete", "billing", "-y"}),
              "GROUP    POSITIONS  STATUS\n"
              "billing          2  deleted\n");
    EXPECT_FALSE(cluster.groups.contains("billing"));
    EXPECT_EQ(program.err.text, "To undo:  cauce group seek billing --position blog:0=1,1=1 -y\n");
    undo();
    EXPECT_EQ(committed(), before);
    EXPECT_EQ(out({"group", "delete", "billing", "-y", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"group\": \"billing\",\n"
              "    \"position_count\": 2,\n"
              "    \"status\": \"deleted\"\n"
              "  }\n"
              "]\n");
}

TEST_F(GroupVerbs, DeleteAsksFirst) {
    EXPECT_TRUE(failure(exit_usage, {"group", "delete", "billing"}).contains("add  -y"));
    EXPECT_TRUE(cluster.groups.contains("billing"));
    program.invocation.in_is_terminal = true;
    program.in.add("y\n");
    out({"group", "delete", "billing"});
    EXPECT_FALSE(cluster.groups.contains("billing"));
}

TEST_F(GroupVerbs, DeleteFails) {
    cluster.groups["busy"] = {"Stable", {{"news", 0}}, {}};
    for (const Words& words :
         {Words{"group", "delete", "busy", "-y"}, Words{"group", "delete", "busy", "--dry-run"}})
        EXPECT_EQ(failure(exit_error, words),
                  "error: group `busy` was not deleted\n"
                  "  why: it has members (NON_EMPTY_GROUP)\n"
                  " next: stop its consumers and try again;  cauce group describe busy -o wide  "
                  "shows who they are\n");
    EXPECT_TRUE(failure(exit_not_found, {"group", "delete", "biling", "-y"})
                    .starts_with("error: group `biling` does not exist\n"));
    // What worked is told before what did not.
    EXPECT_EQ(program.call({"group", "delete", "busy", "billing", "-y", "-o", "name"}), exit_error);
    EXPECT_EQ(program.out.text, "billing\n");
    cluster.groups["billing"] = {"Empty", {}, {}};
    cluster.joined_meanwhile = true;
    EXPECT_TRUE(
        failure(exit_error, {"group", "delete", "billing", "-y"}).contains("NON_EMPTY_GROUP"));
    failure(exit_usage, {"group", "delete"});
    cluster.broker.stop();
    failure(exit_unreachable, {"group", "delete", "billing", "-y"});
}

}  // namespace
}  // namespace cauce::cli
