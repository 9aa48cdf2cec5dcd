#include "cli/value.h"

#include <algorithm>
#include <array>

namespace cauce::cli {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

constexpr std::string_view kHex = "0123456789abcdef";

bool is_plain(const Value& value) {
    return !std::holds_alternative<Value::List>(value.kind()) &&
           !std::holds_alternative<Value::Fields>(value.kind());
}

void indent(std::string& out, unsigned depth) {
    out.append(depth * 2, ' ');
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Plain YAML scalars are safe when nothing in them can be read as another type or as syntax.
bool needs_yaml_quotes(std::string_view text) {
    if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
    if (!is_utf8(text) || std::ranges::any_of(text, is_control)) return true;
    constexpr std::string_view kLeading = "!&*-?:,[]{}#|>@`\"'%+.~<=";
    if (kLeading.contains(text.front()) || (text.front() >= '0' && text.front() <= '9'))
        return true;
    if (text.contains(": ") || text.contains(" #") || text.back() == ':') return true;
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    constexpr std::array<std::string_view, 9> kWords{"null", "true", "false", "yes", "no",
                                                     "on",   "off",  "y",     "n"};
    return std::ranges::find(kWords, lower) != kWords.end();
}

void append_yaml_scalar(std::string& out, const Value& value) {
    const auto* text = std::get_if<std::string>(&value.kind());
    if (text && !needs_yaml_quotes(*text)) {
        out += *text;
        return;
    }
    append_json(out, value);  // JSON scalars are YAML scalars.
}

bool is_empty_container(const Value& value) {
    if (const auto* list = std::get_if<Value::List>(&value.kind())) return list->empty();
    if (const auto* fields = std::get_if<Value::Fields>(&value.kind())) return fields->empty();
    return false;
}

// The value behind "key:" or "-": on the same line when it is a scalar, below otherwise.
void append_yaml_after(std::string& out, const Value& value, unsigned depth, bool in_list) {
    if (is_plain(value) || is_empty_container(value)) {
        out += ' ';
        append_yaml_scalar(out, value);
        out += '\n';
    } else if (in_list && std::holds_alternative<Value::Fields>(value.kind())) {
        // "- key: value" starts on the dash's line.
        std::string block;
        append_yaml(block, value, depth);
        out += ' ';
        out.append(block, depth * 2);
    } else {
        out += '\n';
        append_yaml(out, value, depth);
    }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    unsigned minimum = 0x80;
    unsigned maximum = 0xbf;  // Of the second byte: no overlong forms, surrogates, or > U+10FFFF.
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0) minimum = 0xa0;
        if (first == 0xed) maximum = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0) minimum = 0x90;
        if (first == 0xf4) maximum = 0x8f;
    } else {
        return 0;
    }
    if (text.size() < length || byte(1) < minimum || byte(1) > maximum) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
    return length;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::size_t display_width(std::string_view text) {
    // Continuation bytes take no column of their own.
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        // U+0080 to U+009F are control characters too (C1), two bytes long here.
        const bool c1 =
            length == 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
        const std::size_t taken = std::max<std::size_t>(length, 1);
        if (length == 0 || c1 || is_control(text[0])) {
            for (std::size_t i = 0; i < taken; ++i) {
                const auto byte = static_cast<unsigned char>(text[i]);
                out += "\\x";
                out += kHex[byte >> 4];
                out += kHex[byte & 15];
            }
        } else {
            out.append(text, 0, taken);
        }
        text.remove_prefix(taken);
    }
    return out;
}

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += "\xef\xbf\xbd";
            text.remove_prefix(1);
            continue;
        }
        const char c = text[0];
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (is_control(c)) {
                    out += "\\u00";
                    out += kHex[static_cast<unsigned char>(c) >> 4];
                    out += kHex[static_cast<unsigned char>(c) & 15];
                } else {
                    out.append(text, 0, length);
                }
        }
        text.remove_prefix(length);
    }
    out += '"';
}

void append_json(std::string& out, const Value& value) {
    std::visit(Overloaded{
                   [&](Value::Null) { out += "null"; },
                   [&](bool truth) { out += truth ? "true" : "false"; },
                   [&](std::int64_t number) { out += std::to_string(number); },
                   [&](const std::string& text) { append_json_text(out, text); },
                   [&](const Value::RawJson& raw) { out += raw.text; },
                   [&](const Value::List& list) {
                       out += '[';
                       for (std::size_t i = 0; i < list.size(); ++i) {
                           if (i > 0) out += ',';
                           append_json(out, list[i]);
                       }
                       out += ']';
                   },
                   [&](const Value::Fields& fields) {
                       out += '{';
                       for (std::size_t i = 0; i < fields.size(); ++i) {
                           if (i > 0) out += ',';
                           append_json_text(out, fields[i].first);
                           out += ':';
                           append_json(out, fields[i].second);
                       }
                       out += '}';
                   },
               },
               value.kind());
}

void append_pretty_json(std::string& out, const Value& value, unsigned depth) {
    const auto* list = std::get_if<Value::List>(&value.kind());
    const auto* fields = std::get_if<Value::Fields>(&value.kind());
    if (list && !std::ranges::all_of(*list, is_plain)) {
        out += "[\n";
        for (std::size_t i = 0; i < list->size(); ++i) {
            indent(out, depth + 1);
            append_pretty_json(out, (*list)[i], depth + 1);
            out += i + 1 < list->size() ? ",\n" : "\n";
        }
        indent(out, depth);
        out += ']';
    } else if (fields && !fields->empty()) {
        out += "{\n";
        for (std::size_t i = 0; i < fields->size(); ++i) {
            indent(out, depth + 1);
            append_json_text(out, (*fields)[i].first);
            out += ": ";
            append_pretty_json(out, (*fields)[i].second, depth + 1);
            out += i + 1 < fields->size() ? ",\n" : "\n";
        }
        indent(out, depth);
        out += '}';
    } else {
        append_json(out, value);
    }
}

void append_yaml(std::string& out, const Value& value, unsigned depth) {
    if (is_plain(value) || is_empty_container(value)) {
        indent(out, depth);
        append_yaml_scalar(out, value);
        out += '\n';
        return;
    }
    if (const auto* list = std::get_if<Value::List>(&value.kind())) {
        for (const Value& item : *list) {
            indent(out, depth);
            out += '-';
            append_yaml_after(out, item, depth + 1, true);
        }
        return;
    }
    for (const auto& [name, field] : std::get<Value::Fields>(value.kind())) {
        indent(out, depth);
        append_yaml_scalar(out, Value(name));
        out += ':';
        append_yaml_after(out, field, depth + 1, false);
    }
}

std::string cell_text(const Value& value) {
    return std::visit(Overloaded{
                          [](Value::Null) { return std::string("-"); },
                          [](bool truth) { return std::string(truth ? "yes" : "no"); },
                          [](std::int64_t number) { return std::to_string(number); },
                          [](const std::string& text) {
                              return text.empty() ? std::string("-") : printable(text);
                          },
                          [](const Value::RawJson& raw) { return printable(raw.text); },
                          [](const Value::List& list) {
                              std::string joined;
                              for (const Value& item : list)
                                  joined += (joined.empty() ? "" : ",") + cell_text(item);
                              return joined.empty() ? std::string("-") : joined;
                          },
                          [](const Value::Fields& fields) {
                              std::string joined;
                              for (const auto& [name, field] : fields)
                                  joined += (joined.empty() ? "" : ",") + printable(name) + "=" +
                                            cell_text(field);
                              return joined.empty() ? std::string("-") : joined;
                          },
                      },
                      value.kind());
}

}  // namespace cauce::cli
