#include "cli/json_text.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

TEST(IsJson, WhatTheGrammarAllows) {
    for (const char* text : {"null", "true", "-1.5e3", "\"a\"", "{}", "[]", " {\"a\" : [1, 2]} \n",
                             "\"\\u00e9\"", "123456789012345678901234567890", "\"ñ\""})
        EXPECT_TRUE(is_json(text)) << text;
}

TEST(IsJson, AndNothingElse) {
    for (const char* text : {"", " ", "hello", "{", "{\"a\":}", "[1,]", "{} {}", "01", "'a'", "nul",
                             "\"a", "\"\x01\"", "\"\xff\"", "1 2", "{\"a\":1,}", "// c", "NaN"})
        EXPECT_FALSE(is_json(text)) << text;
    EXPECT_FALSE(is_json(std::string(1000, '[') + std::string(1000, ']')));  // too deep
    EXPECT_TRUE(is_json(std::string(60, '[') + std::string(60, ']')));
}

TEST(CompactJson, OnlyWhiteSpaceOutsideOfStringsGoes) {
    EXPECT_EQ(compact_json(" { \"a b\" :\n[ 1.10 ,\t\"x \\\" y\" ] } "),
              R"({"a b":[1.10,"x \" y"]})");
    EXPECT_EQ(compact_json("12345678901234567890.000"), "12345678901234567890.000");
}

TEST(JsonMembers, AsTheyStand) {
    const std::string text = R"( {"a": 1.10, "b\u0021" : {"c":[1,{}]}, "a":"x,}", "e":null} )";
    ASSERT_TRUE(is_json(text));
    const auto members = json_members(text);
    ASSERT_TRUE(members);
    using Member = std::pair<std::string, std::string_view>;
    EXPECT_EQ(*members,
              (std::vector<Member>{
                  {"a", "1.10"}, {"b!", R"({"c":[1,{}]})"}, {"a", R"("x,}")"}, {"e", "null"}}));
    EXPECT_TRUE(json_members("{ }")->empty());
    EXPECT_FALSE(json_members("[1]"));
}

TEST(JsonElements, AsTheyStand) {
    const auto elements = json_elements(R"([1, "a]", [2,3] ,{"b":4}, true])");
    ASSERT_TRUE(elements);
    EXPECT_EQ(*elements,
              (std::vector<std::string_view>{"1", "\"a]\"", "[2,3]", "{\"b\":4}", "true"}));
    EXPECT_TRUE(json_elements("[]")->empty());
    EXPECT_FALSE(json_elements("{}"));
}

TEST(JsonString, Unescapes) {
    EXPECT_EQ(json_string(R"("a\n\u00f1\ud83d\ude00")"), "a\nñ😀");
    EXPECT_EQ(json_string("1"), std::nullopt);
}

}  // namespace
}  // namespace cauce::cli
