// Every word that `cauce explain` knows something about, for completion and "did you mean".
#pragma once

#include <string>
#include <vector>

namespace cauce::cli {

// Names of errors, configuration keys and metrics. A key of several scopes is there several times.
std::vector<std::string> explained_words();

}  // namespace cauce::cli
