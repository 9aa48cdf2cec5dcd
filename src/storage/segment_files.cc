#include "storage/segment_files.h"

#include "storage/checkpoint_text.h"

#include <algorithm>

namespace cauce::storage {
namespace {
constexpr std::size_t kDigits = 20;
}

std::string segment_file(std::string_view folder, Offset base, std::string_view suffix) {
    const std::string digits = std::to_string(base.value);
    std::string path(folder);
    path += '/';
    path.append(kDigits - digits.size(), '0');
    path += digits;
    path += suffix;
    return path;
}

std::optional<Offset> offset_in_name(std::string_view name, std::string_view suffix) {
    if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
    const std::string_view digits = name.substr(0, kDigits);
    if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    const auto value = parse_number<std::int64_t>(digits);
    if (!value) return std::nullopt;
    return Offset{*value};
}

}  // namespace cauce::storage
