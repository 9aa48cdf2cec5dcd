#include "cli/record_format.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

client::FetchedRecord record() {
    client::FetchedRecord r;
    r.offset = Offset{12};
    r.timestamp = 1700;
    r.key = wire::Bytes(as_bytes("k"));
    r.value = wire::Bytes(as_bytes("value"));
    r.headers = {{"a", wire::Bytes(as_bytes("1"))}, {"b", std::nullopt}};
    return r;
}

std::string formatted(std::string_view format, const client::FetchedRecord& r = record()) {
    const auto parsed = RecordFormat::parse(format);
    if (!parsed) return "error: " + parsed.error();
    std::string out;
    parsed->append(out, {"blog", 3}, r);
    return out;
}

TEST(RecordFormat, EveryLetter) {
    EXPECT_EQ(formatted("%t|%p|%o|%T|%k|%v|%s|%K|%S|%h|%%"),
              "blog|3|12|1700|k|value|value|1|5|a=1,b=|%");
    EXPECT_EQ(formatted("%v\\n"), "value\n");
    EXPECT_EQ(formatted("\\t\\r\\x41\\0\\\\"), std::string("\t\rA\0\\", 5));
    EXPECT_EQ(formatted(""), "");
}

TEST(RecordFormat, NullIsEmptyAndHasNoLength) {
    client::FetchedRecord r = record();
    r.key.reset();
    r.value.reset();
    r.headers.clear();
    EXPECT_EQ(formatted("[%k|%v|%K|%S|%h]", r), "[||-1|-1|]");
}

TEST(RecordFormat, SaysWhatIsWrong) {
    EXPECT_EQ(formatted("%x"), "error: there is no %x");
    EXPECT_EQ(formatted("100%"), "error: it ends with a percent sign");
    EXPECT_EQ(formatted("\\q"), "error: there is no escape \\q");
    EXPECT_EQ(formatted("\\x4"), "error: \\x needs two hexadecimal digits");
    EXPECT_EQ(formatted("a\\"), "error: it ends with a backslash");
}

}  // namespace
}  // namespace cauce::cli
