// The texts of help. They are made from the table of verbs and their arguments, so that they cannot
// forget one.
#pragma once

#include "cli/arguments.h"
#include "cli/verbs.h"

#include <string>
#include <string_view>

namespace cauce::cli {

// `cauce` and `cauce help`: what there is, short.
std::string root_help();
// `cauce help topic`: the verbs of a noun.
std::string noun_help(std::string_view noun);
// `cauce help topic create`.
std::string verb_help(const Verb& verb);
// `cauce help settings`: what -X takes.
std::string settings_help();

}  // namespace cauce::cli
