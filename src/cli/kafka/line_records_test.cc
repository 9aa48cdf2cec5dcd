#include "cli/kafka/line_records.h"

#include <gtest/gtest.h>

namespace cauce::cli::kafka {
namespace {

std::string text(const std::optional<Buffer>& bytes) {
    return bytes ? std::string(bytes->begin(), bytes->end()) : "null";
}

// "headers|key|value", or what was wrong.
std::string read(const Properties& properties, std::string_view line) {
    auto lines = LineRecords::make("t", properties);
    if (!lines) return lines.error();
    const auto record = lines->read(line);
    if (!record) return record.error();
    EXPECT_EQ(record->topic, "t");
    std::string headers;
    for (const auto& [key, value] : record->headers)
        headers += key + "=" + text(value) + ";";
    return headers + "|" + text(record->key) + "|" + text(record->value);
}

TEST(LineRecords, Lines) {
    const Properties with_key{{"parse.key", "true"}};
    const Properties with_both{{"parse.key", "TRUE"}, {"parse.headers", " true "}};
    const Properties lenient{
        {"parse.key", "true"}, {"parse.headers", "true"}, {"ignore.error", "true"}};
    const Properties own{{"parse.key", "true"},          {"parse.headers", "true"},
                         {"headers.delimiter", "#"},     {"headers.separator", ";"},
                         {"headers.key.separator", "="}, {"key.separator", "::"}};
    const Properties nulls{{"parse.key", "true"}, {"parse.headers", "true"}, {"null.marker", "-"}};
    struct Case {
        const Properties& properties;
        const char* line;
        const char* record;
    };
    const Properties none;
    for (const Case& c : {
             Case{none, "a\tb", "|null|a\tb"},
             Case{none, "line\r", "|null|line"},
             Case{none, "", "|null|"},
             Case{with_key, "k\tv", "|k|v"},
             Case{with_key, "\tv\tw", "||v\tw"},
             Case{with_key, "kv", "No key separator found on line number 1: 'kv'"},
             Case{with_both, "h:1,i:2\tk\tv", "h=1;i=2;|k|v"},
             Case{with_both, "h\tk\tv",
                  "No header key separator found in pair 'h' on line number 1"},
             Case{with_both, "v", "No headers delimiter found on line number 1: 'v'"},
             Case{lenient, "v", "|null|v"},
             Case{lenient, "h\tk\tv", "h=null;|k|v"},
             Case{own, "a=1;b=x=y#k::v", "a=1;b=x=y;|k|v"},
             Case{nulls, "-\t-\t-", "|null|null"},
             Case{nulls, "a:-\tk\tv", "a=null;|k|v"},
             Case{nulls, "-:a\tk\tv",
                  "Header keys should not be equal to the null marker '-' as they can't be null"},
         })
        EXPECT_EQ(read(c.properties, c.line), c.record) << c.line;
}

TEST(LineRecords, SeparatorsMustDiffer) {
    EXPECT_EQ(read({{"headers.delimiter", ","}}, ""),
              "headers.delimiter and headers.separator may not be equal");
    EXPECT_EQ(read({{"headers.key.separator", "\t"}}, ""),
              "headers.delimiter and headers.key.separator may not be equal");
    EXPECT_EQ(read({{"headers.key.separator", ","}}, ""),
              "headers.separator and headers.key.separator may not be equal");
    EXPECT_EQ(read({{"null.marker", "\t"}}, ""), "null.marker and key.separator may not be equal");
    EXPECT_EQ(read({{"null.marker", ":"}}, ""),
              "null.marker and headers.key.separator may not be equal");
}

}  // namespace
}  // namespace cauce::cli::kafka
