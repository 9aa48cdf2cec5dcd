// Which topics a pattern means, in the way of Kafka's tools: a regular expression over the whole
// name, in which a comma is an "or".
#pragma once

#include <expected>
#include <regex>
#include <string>
#include <string_view>

namespace cauce::cli::kafka {

class TopicPattern {
public:
    // The error is Kafka's: "[ is an invalid regex." What Java writes differently from ECMAScript
    // (possessive quantifiers, \p{...}) is an error too.
    static std::expected<TopicPattern, std::string> parse(std::string_view text);

    bool matches(const std::string& topic) const;
    // As Kafka's tools print it: blanks and quotes removed, commas replaced.
    const std::string& text() const { return text_; }

private:
    TopicPattern(std::string text, std::regex regex)
        : text_(std::move(text)), regex_(std::move(regex)) {}

    std::string text_;
    std::regex regex_;
};

}  // namespace cauce::cli::kafka
