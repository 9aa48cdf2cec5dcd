#include "runtime/os/repeat_filter.h"

#include <functional>

namespace cauce::runtime::os {

std::optional<std::uint64_t> RepeatFilter::admit(std::string_view component, std::string_view text,
                                                 MonoTime now) {
    const std::hash<std::string_view> hash_of;
    const std::size_t hash = hash_of(text) * 31 + hash_of(component);
    Seen& seen = seen_[hash % seen_.size()];
    if (seen.hash != hash || seen.count == 0) {
        seen = {.hash = hash, .window_begin = now, .count = 1};
        return 0;
    }
    if (now < seen.window_begin + kWindow) {
        ++seen.count;
        if (seen.count > kPerWindow) return std::nullopt;
        return 0;
    }
    const std::uint64_t held_back = seen.count > kPerWindow ? seen.count - kPerWindow : 0;
    seen.window_begin = now;
    seen.count = 1;
    return held_back;
}

}  // namespace cauce::runtime::os
