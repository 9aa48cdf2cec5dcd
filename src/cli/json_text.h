// JSON that others wrote: checked and taken apart without changing it, so that a record's value
// comes out as it went in. Checking is Boost.JSON's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::cli {

// One JSON document in UTF-8, at most 64 levels deep, with nothing but white space around it.
bool is_json(std::string_view text);

// The same document without white space outside of strings, hence on one line. `text` is_json().
std::string compact_json(std::string_view text);

// Members of an object and elements of an array, each as its own JSON text; empty when `text` is
// something else. `text` is_json(). A name that comes twice is there twice.
std::optional<std::vector<std::pair<std::string, std::string_view>>> json_members(
    std::string_view text);
std::optional<std::vector<std::string_view>> json_elements(std::string_view text);

// A string's characters; empty when `text` is no string. `text` is_json().
std::optional<std::string> json_string(std::string_view text);

}  // namespace cauce::cli
