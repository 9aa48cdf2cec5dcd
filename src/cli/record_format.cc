#include "cli/record_format.h"

#include "base/check.h"

#include <utility>

namespace cauce::cli {
namespace {

constexpr std::string_view kLetters = "tpoTkvsKSh";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Takes an escape off the front, behind its backslash.
std::expected<char, std::string> take_escape(std::string_view& text) {
    if (text.empty()) return std::unexpected("it ends with a backslash");
    const char c = text.front();
    text.remove_prefix(1);
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case '0':
            return '\0';
        case '\\':
            return '\\';
        case 'x': {
            const int high = text.size() < 2 ? -1 : hex_digit(text[0]);
            const int low = text.size() < 2 ? -1 : hex_digit(text[1]);
            if (high < 0 || low < 0) return std::unexpected("\\x needs two hexadecimal digits");
            text.remove_prefix(2);
            return static_cast<char>(high * 16 + low);
        }
        default:
            return std::unexpected(std::string("there is no escape \\") + c);
    }
}

void append_bytes(std::string& out, const std::optional<wire::Bytes>& bytes) {
    if (bytes) out += as_text(*bytes);
}

std::string size_text(const std::optional<wire::Bytes>& bytes) {
    return bytes ? std::to_string(bytes->size()) : "-1";
}

}  // namespace

std::expected<RecordFormat, std::string> RecordFormat::parse(std::string_view text) {
    RecordFormat format;
    std::string literal;
    const auto end_literal = [&] {
        if (!literal.empty()) format.tokens_.push_back({0, std::exchange(literal, {})});
    };
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '\\') {
            const auto escape = take_escape(text);
            if (!escape) return std::unexpected(escape.error());
            literal += *escape;
        } else if (c != '%') {
            literal += c;
        } else if (text.empty()) {
            return std::unexpected("it ends with a percent sign");
        } else {
            const char letter = text.front();
            text.remove_prefix(1);
            if (letter == '%') {
                literal += '%';
            } else if (kLetters.contains(letter)) {
                end_literal();
                format.tokens_.push_back({letter, {}});
            } else {
                return std::unexpected(std::string("there is no %") + letter);
            }
        }
    }
    end_literal();
    return format;
}

void RecordFormat::append(std::string& out, const TopicPartition& partition,
                          const client::FetchedRecord& record) const {
    for (const Token& token : tokens_) {
        switch (token.letter) {
            case 0:
                out += token.text;
                break;
            case 't':
                out += partition.topic;
                break;
            case 'p':
                out += std::to_string(partition.partition);
                break;
            case 'o':
                out += std::to_string(record.offset.value);
                break;
            case 'T':
                out += std::to_string(record.timestamp);
                break;
            case 'k':
                append_bytes(out, record.key);
                break;
            case 'v':
            case 's':
                append_bytes(out, record.value);
                break;
            case 'K':
                out += size_text(record.key);
                break;
            case 'S':
                out += size_text(record.value);
                break;
            case 'h':
                for (std::size_t i = 0; i < record.headers.size(); ++i) {
                    if (i > 0) out += ',';
                    out += record.headers[i].key;
                    out += '=';
                    append_bytes(out, record.headers[i].value);
                }
                break;
            default:
                CHECK(false, token.letter);
        }
    }
}

}  // namespace cauce::cli
