// A JSON value, parsed: as much of JSON as histories are written in (docs/formats/history.md).
// Numbers are whole ones of 64 bits.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cauce::sim {

class JsonValue {
public:
    using Array = std::vector<JsonValue>;
    using Object = std::map<std::string, JsonValue, std::less<>>;

    JsonValue() = default;  // null
    explicit JsonValue(bool value) : value_(value) {}
    explicit JsonValue(std::int64_t value) : value_(value) {}
    explicit JsonValue(std::string value) : value_(std::move(value)) {}
    explicit JsonValue(Array values) : value_(std::move(values)) {}
    explicit JsonValue(Object values) : value_(std::move(values)) {}

    // The whole text is one value. Anything deeper than eight levels is refused.
    static Result<JsonValue> parse(std::string_view text);

    // Null when it is something else.
    const std::int64_t* number() const { return std::get_if<std::int64_t>(&value_); }
    const bool* boolean() const { return std::get_if<bool>(&value_); }
    const std::string* string() const { return std::get_if<std::string>(&value_); }
    const Array* array() const { return std::get_if<Array>(&value_); }
    const Object* object() const { return std::get_if<Object>(&value_); }

private:
    std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object> value_;
};

// With quotes.
std::string json_text(std::string_view text);

}  // namespace cauce::sim
