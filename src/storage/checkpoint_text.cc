#include "storage/checkpoint_text.h"

namespace cauce::storage {
namespace {

// The next line without its end; `text` moves behind it. Java's readers take \r\n too.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return fields;
        const std::size_t end = line.find_first_of(" \t", begin);
        fields.push_back(line.substr(begin, end == std::string_view::npos ? end : end - begin));
        if (end == std::string_view::npos) return fields;
        line.remove_prefix(end);
    }
}

}  // namespace

std::string checkpoint_head(std::size_t entries) {
    return "0\n" + std::to_string(entries) + "\n";
}

std::optional<std::vector<std::vector<std::string_view>>> checkpoint_lines(std::string_view text) {
    if (parse_number<int>(take_line(text)) != 0) return std::nullopt;
    const auto count = parse_number<std::size_t>(take_line(text));
    if (!count) return std::nullopt;
    std::vector<std::vector<std::string_view>> lines;
    while (!text.empty()) {
        auto fields = split(take_line(text));
        if (fields.empty()) return std::nullopt;
        lines.push_back(std::move(fields));
        if (lines.size() > *count) return std::nullopt;
    }
    if (lines.size() != *count) return std::nullopt;
    return lines;
}

}  // namespace cauce::storage
