#include "cli/shell_word.h"

#include <algorithm>

namespace cauce::cli {
namespace {

bool is_plain(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || std::string_view("_-.,:/@%+=").contains(c);
}

}  // namespace

std::string shell_word(std::string_view text) {
    // A tilde, a hash or an equals sign at the start would mean something too; the first two are
    // not plain.
    const bool plain = !text.empty() && text.front() != '=' && std::ranges::all_of(text, is_plain);
    if (plain) return std::string(text);
    std::string word = "'";
    for (const char c : text) {
        if (c == '\'') {
            word += "'\\''";
        } else {
            word += c;
        }
    }
    return word + "'";
}

}  // namespace cauce::cli
