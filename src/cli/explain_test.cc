#include "cli/explain/errors.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

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

TEST_F(Explain, WhatIsUnknownIsGuessed) {
    EXPECT_EQ(program.call({"explain", "NOT_ENOUGH_REPLICA"}), exit_not_found);
    EXPECT_TRUE(program.err.text.contains("did you mean `NOT_ENOUGH_REPLICAS`?"));
    EXPECT_EQ(program.call({"explain", "retention.sm"}), exit_not_found);
    EXPECT_TRUE(program.err.text.contains("did you mean `retention.ms`?")) << program.err.text;
    EXPECT_EQ(program.call({"explain", "19", "4711"}), exit_not_found);
    EXPECT_EQ(program.out.text, "");
    EXPECT_EQ(program.call({"explain"}), exit_usage);
}

}  // namespace
}  // namespace cauce::cli
