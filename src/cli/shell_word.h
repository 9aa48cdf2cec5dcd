// Texts as words of a command that the user can paste into a shell.
#pragma once

#include <string>
#include <string_view>

namespace cauce::cli {

// As it is when no shell would see more in it, else in single quotes.
std::string shell_word(std::string_view text);

}  // namespace cauce::cli
