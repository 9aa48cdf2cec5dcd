#include "cli/explain/errors.h"
#include "cli/explain/words.h"
#include "cli/testing/fake_program.h"
#include "live/metric_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace cauce::cli {
namespace {

class Explain : public ::testing::Test {
protected:
    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeProgram program{loop, net};
};

TEST_F(Explain, EveryErrorCodeHasItsText) {
    std::set<std::int16_t> codes;
    for (const ErrorText& text : error_texts()) {
        EXPECT_TRUE(codes.insert(to_wire(text.code)).second) << error_name(text.code);
        for (const std::string_view part : {text.what, text.why, text.next}) {
            EXPECT_GT(part.size(), 10u) << error_name(text.code);
            EXPECT_TRUE(part.ends_with('.') || part.ends_with('?')) << part;
        }
    }
    for (std::int16_t code = -1; code < 200; ++code) {
        const bool known = error_code_from_wire(code) != ErrorCode::unknown_server_error;
        EXPECT_EQ(codes.contains(code), known || code == -1) << code;
    }
}

TEST_F(Explain, AnErrorByNameNumberAndException) {
    ASSERT_EQ(program.call({"explain", "NOT_ENOUGH_REPLICAS"}), exit_ok) << program.err.text;
    const std::string table = program.out.text;
    EXPECT_TRUE(
        table.starts_with("error              NOT_ENOUGH_REPLICAS\n"
                          "code               19\n"
                          "clients try again  yes\n"))
        << table;
    for (const char* word :
         {"19", "not_enough_replicas", "not-enough-replicas", "NotEnoughReplicasException"}) {
        EXPECT_EQ(program.call({"explain", word}), exit_ok) << word;
        EXPECT_EQ(program.out.text, table) << word;
    }
    EXPECT_EQ(program.call({"explain", "NetworkException", "-o", "name"}), exit_ok);
    EXPECT_EQ(program.out.text, "NETWORK_EXCEPTION\n");
    EXPECT_EQ(program.call({"explain", "invalid_topic_exception", "0", "-o", "name"}), exit_ok);
    EXPECT_EQ(program.out.text, "INVALID_TOPIC_EXCEPTION\nNONE\n");
    EXPECT_EQ(program.call({"explain", "19", "-o", "json"}), exit_ok);
    EXPECT_TRUE(program.out.text.contains("\"kind\": \"error\"")) << program.out.text;
    EXPECT_TRUE(program.out.text.contains("\"is_retriable\": true"));
}

TEST_F(Explain, AKeyInEveryScope) {
    EXPECT_EQ(program.call({"explain", "min.insync.replicas", "-o", "tsv"}), exit_ok);
    EXPECT_TRUE(program.out.text.contains("broker")) << program.out.text;
    EXPECT_TRUE(program.out.text.contains("topic"));
    EXPECT_EQ(program.call({"explain", "node.id", "-o", "name"}), exit_ok);
    EXPECT_EQ(program.out.text, "node.id\n");
}

TEST_F(Explain, AMetricByItsName) {
    const char* name = "kafka_server_brokertopicmetrics_messagesin_total";
    ASSERT_EQ(program.call({"explain", name}), exit_ok) << program.err.text;
    EXPECT_EQ(program.out.text,
              "metric  kafka_server_brokertopicmetrics_messagesin_total\n"
              "means   Records appended here, by topic.\n"
              "type    counter\n"
              "unit    records\n"
              "labels  topic\n"
              "worry   When its rate falls to 0 although producers should send, or rises far above "
              "what is usual.\n");
    EXPECT_EQ(program.call({"explain", name, "-o", "json"}), exit_ok);
    EXPECT_EQ(program.out.text,
              "[\n"
              "  {\n"
              "    \"name\": \"kafka_server_brokertopicmetrics_messagesin_total\",\n"
              "    \"kind\": \"metric\",\n"
              "    \"text\": \"Records appended here, by topic.\",\n"
              "    \"type\": \"counter\",\n"
              "    \"unit\": \"records\",\n"
              "    \"labels\": [\"topic\"],\n"
              "    \"worry\": \"When its rate falls to 0 although producers should send, or rises "
              "far above what is usual.\"\n"
              "  }\n"
              "]\n");
    EXPECT_EQ(program.call({"explain", "kafka_consumergroup_lag", "-o", "yaml"}), exit_ok);
    EXPECT_TRUE(program.out.text.contains("name: kafka_consumergroup_lag\n")) << program.out.text;
    EXPECT_TRUE(program.out.text.contains("partition"));
    EXPECT_EQ(program.call({"explain", "kafka_brokers"}), exit_ok);
    EXPECT_TRUE(program.out.text.contains("\nlabels  -\n")) << program.out.text;
    // As a sample stands on the page; beside words of other kinds.
    EXPECT_EQ(program.call({"explain", "cauce_request_duration_seconds_bucket{le=\"1\"}", "19",
                            "node.id", "-o", "name"}),
              exit_ok);
    EXPECT_EQ(program.out.text, "cauce_request_duration_seconds\nNOT_ENOUGH_REPLICAS\nnode.id\n");
    EXPECT_EQ(program.call({"explain", "19", "node.id", "kafka_brokers", "-o", "tsv"}), exit_ok);
    EXPECT_EQ(std::ranges::count(program.out.text, '\n'), 4) << program.out.text;
    EXPECT_TRUE(program.out.text.contains("\nkafka_brokers\tmetric\t")) << program.out.text;
}

TEST_F(Explain, WhateverIsOfferedIsKnown) {
    const std::vector<std::string> words = explained_words();
    EXPECT_GT(words.size(), error_texts().size() + live::metrics().size() + 200);
    std::vector<std::string> call{"explain"};
    call.insert(call.end(), words.begin(), words.end());
    call.insert(call.end(), {"-o", "name"});
    ASSERT_EQ(program.call(call), exit_ok) << program.err.text;
    for (const std::string& word : words)
        EXPECT_TRUE(("\n" + program.out.text).contains("\n" + word + "\n")) << word;
}

TEST_F(Explain, WhatIsUnknownIsGuessed) {
    EXPECT_EQ(program.call({"explain", "NOT_ENOUGH_REPLICA"}), exit_not_found);
    EXPECT_TRUE(program.err.text.contains("did you mean `NOT_ENOUGH_REPLICAS`?"));
    EXPECT_EQ(program.call({"explain", "retention.sm"}), exit_not_found);
    EXPECT_TRUE(program.err.text.contains("did you mean `retention.ms`?")) << program.err.text;
    EXPECT_EQ(program.call({"explain", "kafka_server_brokertopicmetrics_mesagesin"}),
              exit_not_found);
    EXPECT_TRUE(program.err.text.contains(
        "did you mean `kafka_server_brokertopicmetrics_messagesin_total`?"))
        << program.err.text;
    EXPECT_TRUE(program.err.text.contains("nor a metric")) << program.err.text;
    EXPECT_EQ(program.call({"explain", "19", "4711"}), exit_not_found);
    EXPECT_EQ(program.out.text, "");
    EXPECT_EQ(program.call({"explain"}), exit_usage);
}

}  // namespace
}  // namespace cauce::cli
