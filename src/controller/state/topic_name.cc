#include "controller/state/topic_name.h"

#include <algorithm>

namespace cauce::controller::state {
namespace {

bool is_allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_colliding(char c) {
    return c == '.' || c == '_';
}

// Looks for a topic called like `name`, where every '.' and '_' from `from` on may be either. Goes
// on only along beginnings that some topic has.
std::string_view find_alike(const metadata::Image& image, std::string& name, std::size_t from,
                            std::string_view self) {
    const auto next = std::ranges::find_if(name.begin() + static_cast<std::ptrdiff_t>(from),
                                           name.end(), is_colliding);
    const auto place = static_cast<std::size_t>(next - name.begin());
    if (next == name.end()) {
        if (name == self) return {};
        const metadata::Topic* topic = image.topic(name);
        return topic == nullptr ? std::string_view() : std::string_view(topic->name());
    }
    const char as_given = *next;
    std::string_view found;
    for (const char c : {'.', '_'}) {
        name[place] = c;
        const std::string_view beginning = std::string_view(name).substr(0, place + 1);
        const auto at = image.topics().lower_bound(beginning);
        if (at == image.topics().end() || !(*at)->name().starts_with(beginning)) continue;
        found = find_alike(image, name, place + 1, self);
        if (!found.empty()) break;
    }
    name[place] = as_given;
    return found;
}

}  // namespace

Result<void> check_topic_name(std::string_view name) {
    const auto invalid = [](std::string reason) {
        return fail(ErrorCode::invalid_topic_exception, "Topic name is invalid: " + reason);
    };
    if (name.empty()) return invalid("the empty string is not allowed");
    if (name == "." || name == "..") return invalid("'" + std::string(name) + "' is not allowed");
    if (name.size() > kTopicNameSizeMax)
        return invalid("the length of '" + std::string(name) +
                       "' is longer than the max allowed length " +
                       std::to_string(kTopicNameSizeMax));
    if (!std::ranges::all_of(name, is_allowed))
        return invalid("'" + std::string(name) +
                       "' contains one or more characters other than ASCII alphanumerics, '.', '_' "
                       "and '-'");
    return {};
}

std::string_view colliding_topic(const metadata::Image& image, std::string_view name) {
    if (std::ranges::none_of(name, is_colliding)) return {};
    std::string varied(name);
    return find_alike(image, varied, 0, name);
}

}  // namespace cauce::controller::state
