#include "cli/kafka/record_text.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace cauce::cli::kafka {
namespace {

constexpr std::string_view kSerialization = "org.apache.kafka.common.serialization.";

client::FetchedRecord record_of(std::optional<std::string_view> key,
                                std::optional<std::string_view> value) {
    client::FetchedRecord record;
    record.offset = Offset{7};
    record.timestamp = 1000;
    if (key) record.key = as_bytes(*key);
    if (value) record.value = as_bytes(*value);
    return record;
}

std::string print(const Properties& properties, const client::FetchedRecord& record) {
    std::string out;
    const auto appended = RecordText(properties).append(out, 3, record);
    return appended ? out : appended.error();
}

TEST(RecordText, Parts) {
    client::FetchedRecord record = record_of("k", "v");
    EXPECT_EQ(print({}, record), "v\n");
    EXPECT_EQ(print({{"print.key", "true"}}, record), "k\tv\n");
    EXPECT_EQ(print({{"print.key", "true"}, {"print.value", "false"}}, record), "k\n");
    EXPECT_EQ(print({{"print.key", "yes"}}, record), "v\n");
    const Properties all{
        {"print.timestamp", "true"}, {"print.partition", "true"}, {"print.offset", "true"},
        {"print.delivery", "true"},  {"print.epoch", "true"},     {"print.headers", "true"},
        {"print.key", "true"},       {"key.separator", " "},      {"line.separator", ".\n"}};
    EXPECT_EQ(print(all, record),
              "CreateTime:1000 Partition:3 Offset:7 Delivery:NOT_PRESENT Epoch:NOT_PRESENT "
              "NO_HEADERS k v.\n");
    record.headers.push_back({"a", as_bytes("1")});
    record.headers.push_back({"b", std::nullopt});
    record.timestamp_type = wire::TimestampType::log_append_time;
    EXPECT_EQ(print(all, record),
              "LogAppendTime:1000 Partition:3 Offset:7 Delivery:NOT_PRESENT Epoch:NOT_PRESENT "
              "a:1,b:null k v.\n");
    EXPECT_EQ(print({{"print.headers", "true"}, {"headers.separator", ";"}}, record),
              "a:1;b:null\tv\n");
    EXPECT_EQ(print({{"print.key", "true"}, {"null.literal", "-"}},
                    record_of(std::nullopt, std::nullopt)),
              "-\t-\n");
}

TEST(RecordText, Types) {
    using namespace std::string_view_literals;
    struct Case {
        std::string_view deserializer;
        std::string_view bytes;
        std::string_view text;
    };
    for (const Case& c : {
             Case{"StringDeserializer", "abc", "abc\n"},
             Case{"ShortDeserializer", "\xff\xfe"sv, "-2\n"},
             Case{"IntegerDeserializer", "\0\0\1\0"sv, "256\n"},
             Case{"LongDeserializer", "\0\0\0\0\0\0\0\5"sv, "5\n"},
             Case{"DoubleDeserializer", "\x3f\xf8\0\0\0\0\0\0"sv, "1.5\n"},
             Case{"DoubleDeserializer", "\x42\x02\xa0\x5f\x20\0\0\0"sv, "1.0E10\n"},
             Case{"DoubleDeserializer", "\x3f\x1a\x36\xe2\xeb\x1c\x43\x2d"sv, "1.0E-4\n"},
             Case{"FloatDeserializer", "\x40\x40\0\0"sv, "3.0\n"},
         })
        EXPECT_EQ(print({{"value.deserializer",
                          std::string(kSerialization) + std::string(c.deserializer)}},
                        record_of(std::nullopt, c.bytes)),
                  c.text);
    EXPECT_EQ(print({{"value.deserializer", std::string(kSerialization) + "LongDeserializer"}},
                    record_of(std::nullopt, "123")),
              "Error deserializing value of offset 7 of partition 3");
    const RecordText text({{"key.deserializer", "com.example.Avro"}});
    EXPECT_EQ(text.unknown(), std::vector<std::string>{"com.example.Avro"});
}

}  // namespace
}  // namespace cauce::cli::kafka
