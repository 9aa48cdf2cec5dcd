#include "base/properties.h"

#include <charconv>

namespace cauce::inline base {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\f';
}

std::string_view without_leading_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    return text;
}

// An odd number of backslashes at the end joins the next line.
bool continues(std::string_view line) {
    std::size_t slashes = 0;
    while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\')
        ++slashes;
    return slashes % 2 == 1;
}

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

Result<std::string> unescape(std::string_view text, std::size_t line) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char escaped = text[++i];
        switch (escaped) {
            case 't':
                out += '\t';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 'f':
                out += '\f';
                break;
            case 'u': {
                unsigned code = 0;
                const std::string_view digits = text.substr(i + 1, 4);
                const auto [end, error] =
                    std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
                if (digits.size() < 4 || error != std::errc() || end != digits.data() + 4)
                    return fail(ErrorCode::invalid_config,
                                "line " + std::to_string(line) + ": \\u needs four hex digits");
                append_utf8(out, code);
                i += 4;
                break;
            }
            default:
                out += escaped;
        }
    }
    return out;
}

}  // namespace

Result<std::vector<Property>> parse_properties(std::string_view text) {
    std::vector<Property> properties;
    std::size_t line_number = 0;
    while (!text.empty()) {
        std::string logical;
        std::size_t first_line = 0;
        bool more = true;
        while (more && !text.empty()) {
            const std::size_t end = text.find('\n');
            std::string_view line = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            ++line_number;
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            line = without_leading_blanks(line);
            if (first_line == 0) {
                if (line.empty() || line.front() == '#' || line.front() == '!') break;
                first_line = line_number;
            }
            more = continues(line);
            logical += more ? line.substr(0, line.size() - 1) : line;
        }
        if (first_line == 0) continue;

        std::size_t key_end = 0;
        while (key_end < logical.size() && !is_blank(logical[key_end]) && logical[key_end] != '=' &&
               logical[key_end] != ':') {
            key_end += logical[key_end] == '\\' ? 2 : 1;
        }
        key_end = std::min(key_end, logical.size());
        std::string_view value = without_leading_blanks(std::string_view(logical).substr(key_end));
        if (!value.empty() && (value.front() == '=' || value.front() == ':'))
            value = without_leading_blanks(value.substr(1));
        // java.util.Properties keeps trailing blanks; Kafka trims what it parses, so they never
        // matter there.
        while (!value.empty() && is_blank(value.back()))
            value.remove_suffix(1);

        Property property;
        property.line = first_line;
        ASSIGN_OR_RETURN(property.key,
                         unescape(std::string_view(logical).substr(0, key_end), first_line));
        ASSIGN_OR_RETURN(property.value, unescape(value, first_line));
        properties.push_back(std::move(property));
    }
    return properties;
}

}  // namespace cauce::inline base
