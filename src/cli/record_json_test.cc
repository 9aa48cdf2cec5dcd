#include "cli/record_json.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

std::optional<wire::Bytes> bytes(std::string_view text) {
    return wire::Bytes(as_bytes(text));
}

std::string json(const client::FetchedRecord& record) {
    std::string out;
    append_json(out, record_value({"blog", 3}, record));
    return out;
}

client::FetchedRecord record(std::optional<wire::Bytes> key, std::optional<wire::Bytes> value) {
    client::FetchedRecord r;
    r.offset = Offset{12};
    r.timestamp = 1700;
    r.key = key;
    r.value = value;
    return r;
}

TEST(RecordJson, EveryField) {
    client::FetchedRecord r = record(bytes("k"), bytes(R"({"n": 1.10})"));
    r.leader_epoch = LeaderEpoch{2};
    r.headers = {{"a", bytes("1")}, {"b", std::nullopt}, {"c", bytes("\xff")}};
    EXPECT_EQ(json(r), R"({"topic":"blog","partition":3,"offset":12,"timestamp":1700,)"
                       R"("timestamp_type":"create_time","leader_epoch":2,)"
                       R"("headers":[{"key":"a","value":"1"},{"key":"b","value":null},)"
                       R"({"key":"c","value_b64":"/w=="}],"key":"k","value":{"n":1.10}})");
}

// The value in the end of the line.
std::string value_part(std::string_view value) {
    const std::string text = json(record(std::nullopt, bytes(value)));
    return text.substr(text.find("\"key\":null,") + 11);
}

TEST(RecordJson, AValueIsJsonOrBase64) {
    EXPECT_EQ(value_part("12345678901234567890123"), R"("value":12345678901234567890123})");
    EXPECT_EQ(value_part("\"text\""), R"("value":"text"})");
    EXPECT_EQ(value_part("[1,\n 2]"), R"("value":[1,2]})");
    EXPECT_EQ(value_part("hello"), R"("value_b64":"aGVsbG8="})");
    EXPECT_EQ(value_part(""), R"("value_b64":""})");
    EXPECT_EQ(value_part("null"), R"("value_b64":"bnVsbA=="})");  // the word, not the absence
    EXPECT_TRUE(json(record(std::nullopt, std::nullopt)).ends_with(R"("key":null,"value":null})"));
    EXPECT_TRUE(json(record(bytes("\xff"), std::nullopt)).contains(R"("key_b64":"/w==")"));
}

TEST(RecordJson, WhatWasPrintedIsTakenBack) {
    const std::vector<std::optional<wire::Bytes>> all{
        std::nullopt,   bytes(""),       bytes("null"), bytes("hello"), bytes("{\"a\":[1,2.50]}"),
        bytes("\"x\""), bytes("\xff\0"), bytes("true")};
    for (const auto& key : all) {
        for (const auto& value : all) {
            client::FetchedRecord r = record(key, value);
            r.headers = {{"h", value}, {"h", key}};
            const auto back = record_from_json(json(r));
            ASSERT_TRUE(back) << back.error();
            EXPECT_EQ(back->key.has_value(), key.has_value());
            if (key) {
                EXPECT_EQ(wire::Bytes(*back->key), *key);
            }
            EXPECT_EQ(back->value.has_value(), value.has_value());
            if (value) {
                EXPECT_EQ(wire::Bytes(*back->value), *value) << json(r);
            }
            EXPECT_EQ(back->timestamp, 1700);
            ASSERT_EQ(back->headers.size(), 2u);
            EXPECT_EQ(back->headers[0].second.has_value(), value.has_value());
            EXPECT_FALSE(back->partition);
        }
    }
}

TEST(RecordJson, WrittenByHand) {
    const auto r = record_from_json(R"({ "key": "a", "value": {"x": 1}, "headers": {"h": "1"} })");
    ASSERT_TRUE(r);
    EXPECT_EQ(as_text(*r->value), R"({"x": 1})");
    EXPECT_EQ(r->headers.front().first, "h");
    EXPECT_EQ(r->timestamp, -1);
    EXPECT_FALSE(record_from_json("{}")->value);
}

TEST(RecordJson, SaysWhatIsWrong) {
    const auto error = [](std::string_view line) { return record_from_json(line).error(); };
    EXPECT_EQ(error("hello"), "it is no JSON");
    EXPECT_EQ(error("[1]"), "it is no JSON object");
    EXPECT_EQ(error(R"({"vale":1})"), "there is no `vale`; did you mean `value`?");
    EXPECT_EQ(error(R"({"key":1})"), "`key` is no string");
    EXPECT_EQ(error(R"({"value_b64":"x"})"), "`value_b64` is no base64 string");
    EXPECT_EQ(error(R"({"timestamp":-5})"), "`timestamp` is no number of milliseconds");
    EXPECT_EQ(error(R"({"headers":1})"), "`headers` is neither a list nor an object");
    EXPECT_EQ(error(R"({"headers":[{"value":"x"}]})"), "a header has no `key`");
}

}  // namespace
}  // namespace cauce::cli
