#include "cli/value.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

std::string json(const Value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

std::string yaml(const Value& value) {
    std::string out;
    append_yaml(out, value);
    return out;
}

TEST(Json, PlainValues) {
    EXPECT_EQ(json(Value()), "null");
    EXPECT_EQ(json(true), "true");
    EXPECT_EQ(json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(json(Value::RawJson{R"({"a":1.10})"}), R"({"a":1.10})");
    EXPECT_EQ(json(Value::list_of(std::vector<int>{1, 2})), "[1,2]");
}

TEST(Json, TextIsAlwaysValidJson) {
    EXPECT_EQ(json("a\"b\\c\n\t\r\x01\x7f"), "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u007f\"");
    EXPECT_EQ(json("señal €😀"), "\"señal €😀\"");
    EXPECT_EQ(json("\xc3\x28"), "\"\xef\xbf\xbd(\"");                             // a cut character
    EXPECT_EQ(json("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // a surrogate
}

TEST(Json, PrettyKeepsListsOfPlainValuesOnOneLine) {
    std::string out;
    append_pretty_json(out, Value::Fields{{"topic", "blog"},
                                          {"isr", Value::list_of(std::vector<int>{1, 2})},
                                          {"configs", Value::Fields{}},
                                          {"partitions", Value::List{Value::Fields{{"id", 0}}}}});
    EXPECT_EQ(out,
              "{\n"
              "  \"topic\": \"blog\",\n"
              "  \"isr\": [1,2],\n"
              "  \"configs\": {},\n"
              "  \"partitions\": [\n"
              "    {\n"
              "      \"id\": 0\n"
              "    }\n"
              "  ]\n"
              "}");
}

TEST(Yaml, ObjectsAndLists) {
    const Value tree = Value::List{
        Value::Fields{{"topic", "blog"},
                      {"internal", false},
                      {"isr", Value::list_of(std::vector<int>{1, 2})},
                      {"configs", Value::List{}},
                      {"partitions", Value::List{Value::Fields{{"partition", 0}, {"leader", 1}}}}}};
    EXPECT_EQ(yaml(tree),
              "- topic: blog\n"
              "  internal: false\n"
              "  isr:\n"
              "    - 1\n"
              "    - 2\n"
              "  configs: []\n"
              "  partitions:\n"
              "    - partition: 0\n"
              "      leader: 1\n");
}

TEST(Yaml, TextThatWouldBeReadAsSomethingElseIsQuoted) {
    for (const char* text : {"", "yes", "No", "null", "12", "1.5", "-x", "a: b", "a #b", "x:", "*a",
                             " a", "tab\there"})
        EXPECT_EQ(yaml(Value(text)).front(), '"') << text;
    for (const char* text : {"blog", "cleanup.policy", "a:b", "PLAINTEXT", "nothing"})
        EXPECT_EQ(yaml(Value(text)), std::string(text) + "\n");
}

TEST(Cell, NothingCanSteerTheTerminal) {
    EXPECT_EQ(cell_text("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
    EXPECT_EQ(cell_text("\xc2\x9b"
                        "2J"),
              "\\xc2\\x9b2J");
    EXPECT_EQ(cell_text("\xff"), "\\xff");
    EXPECT_EQ(cell_text("niño"), "niño");
}

TEST(Cell, PlainWords) {
    EXPECT_EQ(cell_text(Value()), "-");
    EXPECT_EQ(cell_text(""), "-");
    EXPECT_EQ(cell_text(true), "yes");
    EXPECT_EQ(cell_text(Value::List{}), "-");
    EXPECT_EQ(cell_text(Value::list_of(std::vector<int>{3, 1})), "3,1");
    EXPECT_EQ(display_width("niño"), 4u);
}

}  // namespace
}  // namespace cauce::cli
