#include "sim/json_value.h"

#include <charconv>
#include <cstdio>
#include <utility>

namespace cauce::sim {

namespace {

constexpr int kDepthMax = 8;

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<JsonValue> whole() {
        ASSIGN_OR_RETURN(JsonValue value, parse(0));
        skip_blanks();
        if (at_ < text_.size()) return wrong("something behind the value");
        return value;
    }

private:
    std::unexpected<Error> wrong(const std::string& what) const {
        return fail(ErrorCode::invalid_request, "at " + std::to_string(at_) + ": " + what);
    }

    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\r' || text_[at_] == '\n'))
            ++at_;
    }
    // Takes `expected` when it comes next.
    bool take(char expected) {
        skip_blanks();
        if (at_ == text_.size() || text_[at_] != expected) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    Result<JsonValue> parse(int depth) {
        if (depth > kDepthMax) return wrong("too deep");
        skip_blanks();
        if (at_ == text_.size()) return wrong("nothing there");
        switch (text_[at_]) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"': {
                ASSIGN_OR_RETURN(std::string text, string());
                return JsonValue(std::move(text));
            }
            default:
                break;
        }
        if (take_word("true")) return JsonValue(true);
        if (take_word("false")) return JsonValue(false);
        if (take_word("null")) return JsonValue();
        return number();
    }

    Result<JsonValue> number() {
        std::int64_t value = 0;
        const char* begin = text_.data() + at_;
        const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
        if (error != std::errc()) return wrong("no value");
        at_ += static_cast<std::size_t>(end - begin);
        const bool fraction =
            at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E');
        if (fraction) return wrong("a number that is not whole");
        return JsonValue(value);
    }

    Result<std::string> string() {
        ++at_;  // the quote
        std::string text;
        while (at_ < text_.size() && text_[at_] != '"') {
            char next = text_[at_++];
            if (next == '\\') {
                if (at_ == text_.size()) break;
                next = text_[at_++];
                if (next == 'n') {
                    next = '\n';
                } else if (next == 't') {
                    next = '\t';
                } else if (next != '"' && next != '\\' && next != '/') {
                    return wrong("an escape that histories do not use");
                }
            }
            text += next;
        }
        if (at_ == text_.size()) return wrong("a string without an end");
        ++at_;
        return text;
    }

    Result<JsonValue> array(int depth) {
        ++at_;
        JsonValue::Array values;
        if (take(']')) return JsonValue(std::move(values));
        while (true) {
            ASSIGN_OR_RETURN(JsonValue value, parse(depth + 1));
            values.push_back(std::move(value));
            if (take(']')) return JsonValue(std::move(values));
            if (!take(',')) return wrong("no comma in an array");
        }
    }

    Result<JsonValue> object(int depth) {
        ++at_;
        JsonValue::Object values;
        if (take('}')) return JsonValue(std::move(values));
        while (true) {
            skip_blanks();
            if (at_ == text_.size() || text_[at_] != '"') return wrong("no name in an object");
            ASSIGN_OR_RETURN(std::string name, string());
            if (!take(':')) return wrong("no colon behind a name");
            ASSIGN_OR_RETURN(JsonValue value, parse(depth + 1));
            values.insert_or_assign(std::move(name), std::move(value));
            if (take('}')) return JsonValue(std::move(values));
            if (!take(',')) return wrong("no comma in an object");
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<JsonValue> JsonValue::parse(std::string_view text) {
    return Parser(text).whole();
}

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

}  // namespace cauce::sim
