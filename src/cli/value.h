// Value: what a command has to say, before it becomes a table, JSON, YAML or TSV. A tree of plain
// values; the fields of an object keep their order.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cauce::cli {

class Value {
public:
    struct Null {};
    // JSON text that is passed on as it is. It must be one valid document without a newline.
    struct RawJson {
        std::string text;
    };
    using List = std::vector<Value>;
    using Fields = std::vector<std::pair<std::string, Value>>;
    using Kind = std::variant<Null, bool, std::int64_t, std::string, RawJson, List, Fields>;

    Value() = default;
    Value(bool value) : kind_(value) {}
    Value(std::integral auto value) : kind_(static_cast<std::int64_t>(value)) {}
    Value(std::string value) : kind_(std::move(value)) {}
    Value(std::string_view value) : kind_(std::string(value)) {}
    Value(const char* value) : kind_(std::string(value)) {}
    Value(RawJson value) : kind_(std::move(value)) {}
    Value(List value) : kind_(std::move(value)) {}
    Value(Fields value) : kind_(std::move(value)) {}

    // A list of what can become a Value: node ids, names.
    template <typename Range>
    static Value list_of(const Range& items) {
        List list;
        for (const auto& item : items)
            list.emplace_back(item);
        return list;
    }

    const Kind& kind() const { return kind_; }
    bool is_null() const { return std::holds_alternative<Null>(kind_); }
    bool is_number() const { return std::holds_alternative<std::int64_t>(kind_); }

private:
    Kind kind_;
};

// JSON on one line.
void append_json(std::string& out, const Value& value);
// JSON for people: two spaces a level; lists of plain values stay on one line.
void append_pretty_json(std::string& out, const Value& value, unsigned depth = 0);
// YAML 1.2, block style. Ends with a newline.
void append_yaml(std::string& out, const Value& value, unsigned depth = 0);
// A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

// A cell of a table: "-" for nothing, yes and no, lists joined by commas. Control characters are
// shown escaped: names come from a peer and must not steer the terminal.
std::string cell_text(const Value& value);

// `text` with control characters and bytes that are no UTF-8 written as \x1b.
std::string printable(std::string_view text);
// Columns that UTF-8 text takes on a terminal, counted in code points.
std::size_t display_width(std::string_view text);
// Length in bytes of the UTF-8 character at the start of `text`; 0 when it is not valid there.
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace cauce::cli
