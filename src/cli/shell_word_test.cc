#include "cli/shell_word.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

TEST(ShellWord, QuotesWhatAShellWouldRead) {
    struct Case {
        const char* text;
        const char* word;
    };
    const Case cases[] = {
        {"billing", "billing"},         {"orders:0=42,1=none", "orders:0=42,1=none"},
        {"[::1]:9092", "'[::1]:9092'"}, {"", "''"},
        {"two words", "'two words'"},   {"it's", "'it'\\''s'"},
        {"$(reboot)", "'$(reboot)'"},   {"a\nb", "'a\nb'"},
        {"~root", "'~root'"},           {"=ls", "'=ls'"},
        {"ñandú", "'ñandú'"},
    };
    for (const Case& c : cases)
        EXPECT_EQ(shell_word(c.text), c.word);
}

}  // namespace
}  // namespace cauce::cli
