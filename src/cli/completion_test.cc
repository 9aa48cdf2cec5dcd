#include "cli/completion.h"

#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

using Words = std::vector<std::string>;

TEST(SplitLine, AsAShellDoes) {
    EXPECT_EQ(split_line("cauce topic"), (Words{"cauce", "topic"}));
    EXPECT_EQ(split_line("cauce topic "), (Words{"cauce", "topic", ""}));
    EXPECT_EQ(split_line("a  'b c' \"d 'e\" f\\ g ''"), (Words{"a", "b c", "d 'e", "f g", ""}));
    EXPECT_EQ(split_line("a 'b c"), (Words{"a", "b c"}));
    EXPECT_EQ(split_line(""), (Words{""}));
}

class Completion : public ::testing::Test {
protected:
    void TearDown() override { cluster.broker.hang_up(); }
    // One a line.
    std::string candidates(const std::string& line) {
        EXPECT_EQ(program.call({"__complete", line}), exit_ok);
        EXPECT_EQ(program.err.text, "");
        return program.out.text;
    }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeCluster cluster{net, loop};
    testing::FakeProgram program{loop, net};
};

TEST_F(Completion, CommandsAndOptions) {
    EXPECT_EQ(candidates("cauce clu"), "cluster\n");
    EXPECT_EQ(candidates("cauce cluster "), "health\ninfo\n");
    EXPECT_EQ(candidates("cauce -o json cluster h"), "health\n");
    EXPECT_EQ(candidates("cauce topic create x --part"), "--partitions\n");
    EXPECT_EQ(candidates("cauce topic list --time"), "--timeout\n");
    EXPECT_EQ(candidates("cauce topic list -o "), "json\nname\ntable\ntsv\nwide\nyaml\n");
    EXPECT_EQ(candidates("cauce --output j"), "json\n");
    EXPECT_EQ(candidates("cauce explain NOT_ENOUGH"),
              "NOT_ENOUGH_REPLICAS\nNOT_ENOUGH_REPLICAS_AFTER_APPEND\n");
    EXPECT_EQ(candidates("cauce explain min.insync"), "min.insync.replicas\n");
    EXPECT_EQ(candidates("cauce explain kafka_consumergroup_l"),
              "kafka_consumergroup_lag\nkafka_consumergroup_lag_sum\n");
    EXPECT_EQ(candidates("cauce help versi"), "version\n");
    // Nothing of ours: the shell offers files.
    EXPECT_EQ(candidates("cauce broker start -c "), "");
    EXPECT_EQ(candidates("cauce nonsense "), candidates("cauce "));
    EXPECT_EQ(candidates("cauce"), "");
    EXPECT_EQ(candidates(""), "");
}

TEST_F(Completion, NamesOfTheCluster) {
    cluster.metadata.add_topic("blog", {1});
    cluster.metadata.add_topic("bills", {1});
    cluster.metadata.add_topic("__consumer_offsets", {1});
    cluster.metadata.topics["__consumer_offsets"].is_internal = true;
    cluster.groups["readers"] = {};
    EXPECT_EQ(candidates("cauce consume "), "bills\nblog\n");
    EXPECT_EQ(candidates("cauce consume blog bi"), "bills\n");
    EXPECT_EQ(candidates("cauce topic describe bl"), "blog\n");
    EXPECT_EQ(candidates("cauce produce -b 127.0.0.1:9092 blo"), "blog\n");
    EXPECT_EQ(candidates("cauce consume blog -g "), "readers\n");
    EXPECT_EQ(candidates("cauce group describe r"), "readers\n");
    // One topic is all that produce takes.
    EXPECT_EQ(candidates("cauce produce blog "), "");
    EXPECT_EQ(candidates("cauce consume -b 127.0.0.1:1 "), "");
    cluster.broker.stop();
    EXPECT_EQ(candidates("cauce consume "), "");
}

TEST_F(Completion, ScriptsForThreeShells) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        EXPECT_EQ(program.call({"completion", shell}), exit_ok);
        EXPECT_TRUE(program.out.text.contains("__complete")) << shell;
    }
    EXPECT_EQ(program.call({"completion", "tcsh"}), exit_usage);
    EXPECT_EQ(program.call({"completion"}), exit_usage);
}

}  // namespace
}  // namespace cauce::cli
