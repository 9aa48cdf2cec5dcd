#include "cli/line_reader.h"

#include "cli/testing/fake_program.h"
#include "client/testing/loop.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

struct Read {
    std::vector<std::string> lines;
    int error = 0;
};

runtime::Task<void> read_all(ByteSource& source, std::size_t most, Read& read) {
    LineReader reader(source, most);
    for (;;) {
        auto line = co_await reader.next();
        if (!line) {
            read.error = line.error().number;
            co_return;
        }
        if (!*line) co_return;
        read.lines.push_back(**line);
    }
}

Read lines_of(std::string text, std::size_t most = 1000) {
    client::testing::Loop loop;
    testing::TextSource source(std::move(text));
    Read read;
    loop.run(read_all(source, most, read));
    return read;
}

using Lines = std::vector<std::string>;

TEST(LineReader, LinesAndWhatStandsBehindTheLastNewline) {
    EXPECT_EQ(lines_of("a\nbb\n\na much longer line than a piece\nend").lines,
              (Lines{"a", "bb", "", "a much longer line than a piece", "end"}));
    EXPECT_EQ(lines_of("a\n").lines, Lines{"a"});
    EXPECT_EQ(lines_of("").lines, Lines{});
    EXPECT_EQ(lines_of("\n\n").lines, (Lines{"", ""}));
    EXPECT_EQ(lines_of("a\r\n").lines, Lines{"a\r"});
}

TEST(LineReader, ALineWithoutEndIsNotKeptForEver) {
    const Read read = lines_of("short\n" + std::string(5000, 'x'), 100);
    EXPECT_EQ(read.lines, Lines{"short"});
    EXPECT_EQ(read.error, EMSGSIZE);
}

}  // namespace
}  // namespace cauce::cli
