#include "cli/json_text.h"

#include "base/check.h"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>

#include <cstddef>

namespace cauce::cli {
namespace {

constexpr std::size_t kDepthMax = 64;

// Takes everything and keeps nothing.
struct Nothing {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using Error = boost::json::error_code;
    using Text = boost::json::string_view;

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t, Error&) { return true; }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t, Error&) { return true; }
    bool on_key_part(Text, std::size_t, Error&) { return true; }
    bool on_key(Text, std::size_t, Error&) { return true; }
    bool on_string_part(Text, std::size_t, Error&) { return true; }
    bool on_string(Text, std::size_t, Error&) { return true; }
    bool on_number_part(Text, Error&) { return true; }
    bool on_int64(std::int64_t, Text, Error&) { return true; }
    bool on_uint64(std::uint64_t, Text, Error&) { return true; }
    bool on_double(double, Text, Error&) { return true; }
    bool on_bool(bool, Error&) { return true; }
    bool on_null(Error&) { return true; }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }
};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void skip_space(std::string_view& text) {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
}

// Length of the value at the start of `text`, which is sound.
std::size_t value_length(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
                if (depth == 0) return i + 1;
            }
            continue;
        }
        switch (c) {
            case '"':
                in_string = true;
                break;
            case '{':
            case '[':
                ++depth;
                break;
            case '}':
            case ']':
                if (depth == 0) return i;  // The end of what holds a bare word or number.
                if (--depth == 0) return i + 1;
                break;
            case ',':
                if (depth == 0) return i;
                break;
            default:
                if (is_space(c) && depth == 0) return i;
        }
    }
    return text.size();
}

std::string_view take_value(std::string_view& text) {
    skip_space(text);
    const std::string_view value = text.substr(0, value_length(text));
    text.remove_prefix(value.size());
    skip_space(text);
    return value;
}

}  // namespace

bool is_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = kDepthMax;
    boost::json::basic_parser<Nothing> parser(options);
    boost::json::error_code error;
    const std::size_t taken = parser.write_some(false, text.data(), text.size(), error);
    if (error) return false;
    // White space behind the document is not the parser's.
    std::string_view rest = text.substr(taken);
    skip_space(rest);
    return rest.empty() && parser.done();
}

std::string compact_json(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\') {
            out += c;
            out += text[++i];
            continue;
        }
        if (c == '"') in_string = !in_string;
        if (in_string || !is_space(c)) out += c;
    }
    return out;
}

std::optional<std::vector<std::pair<std::string, std::string_view>>> json_members(
    std::string_view text) {
    skip_space(text);
    if (!text.starts_with('{')) return std::nullopt;
    std::vector<std::pair<std::string, std::string_view>> members;
    text.remove_prefix(1);
    skip_space(text);
    while (!text.starts_with('}')) {
        auto name = json_string(take_value(text));
        CHECK(name && text.starts_with(':'));
        text.remove_prefix(1);
        members.emplace_back(std::move(*name), take_value(text));
        if (text.starts_with(',')) text.remove_prefix(1);
        skip_space(text);
    }
    return members;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
    skip_space(text);
    if (!text.starts_with('[')) return std::nullopt;
    std::vector<std::string_view> elements;
    text.remove_prefix(1);
    skip_space(text);
    while (!text.starts_with(']')) {
        elements.push_back(take_value(text));
        if (text.starts_with(',')) text.remove_prefix(1);
        skip_space(text);
    }
    return elements;
}

std::optional<std::string> json_string(std::string_view text) {
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    if (error || !value.is_string()) return std::nullopt;
    return std::string(value.get_string());
}

}  // namespace cauce::cli
