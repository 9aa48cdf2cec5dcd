// A .properties file as java.util.Properties reads it: key=value, key:value or key value; '#' and
// '!' start comments; a backslash at the end of a line continues it; \t \n \r \f \uXXXX and \<any>
// are escapes.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::inline base {

struct Property {
    std::string key;
    std::string value;
    std::size_t line = 0;  // where it starts, from 1

    bool operator==(const Property&) const = default;
};

// In the order of the file; a key may come twice (the later one counts). An error names the line.
Result<std::vector<Property>> parse_properties(std::string_view text);

}  // namespace cauce::inline base
