#include "cli/kafka/topic_pattern.h"

namespace cauce::cli::kafka {

std::expected<TopicPattern, std::string> TopicPattern::parse(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        if (c == ',') {
            pattern += '|';
        } else if (c != ' ' && c != '\t') {
            pattern += c;
        }
    }
    // Files of properties may bring quotes along.
    const auto is_quote = [](char c) { return c == '"' || c == '\''; };
    while (!pattern.empty() && is_quote(pattern.front()))
        pattern.erase(0, 1);
    while (!pattern.empty() && is_quote(pattern.back()))
        pattern.pop_back();
    // The standard library speaks in exceptions.
    try {
        std::regex regex(pattern, std::regex::ECMAScript | std::regex::optimize);
        return TopicPattern(std::move(pattern), std::move(regex));
    } catch (const std::regex_error&) {
        return std::unexpected(pattern + " is an invalid regex.");
    }
}

bool TopicPattern::matches(const std::string& topic) const {
    // A pattern may be too complex for the matcher: then it matches nothing.
    try {
        return std::regex_match(topic, regex_);
    } catch (const std::regex_error&) {
        return false;
    }
}

}  // namespace cauce::cli::kafka
