#include "http/exposition.h"

#include "base/check.h"

namespace cauce::http {

namespace {

void escape(std::string& out, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
}

}  // namespace

void Exposition::family(std::string_view name, live::MetricType type, std::string_view help) {
    family_ = name;
    text_ += "# HELP ";
    text_ += name;
    text_ += ' ';
    escape(text_, help, false);
    text_ += "\n# TYPE ";
    text_ += name;
    text_ += ' ';
    text_ += live::name_of(type);
    text_ += '\n';
}

void Exposition::begin_sample(std::string_view suffix, std::span<const Label> labels) {
    CHECK(!family_.empty());
    text_ += family_;
    text_ += suffix;
    char before = '{';
    for (const Label& label : labels) {
        text_ += before;
        text_ += label.name;
        text_ += "=\"";
        escape(text_, label.value, true);
        text_ += '"';
        before = ',';
    }
    if (!labels.empty()) text_ += '}';
    text_ += ' ';
}

}  // namespace cauce::http
