#include "coordinator/group/partition_for.h"

#include "base/check.h"

#include <cstddef>

namespace cauce::coordinator::group {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

// The code point at `at`, which moves behind it. One malformed byte gives one U+FFFD.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(at++);
    if (first < 0x80) return first;
    unsigned more = 0;
    std::uint32_t point = 0;
    std::uint32_t lowest = 0;
    if ((first & 0xe0) == 0xc0) {
        more = 1, point = first & 0x1f, lowest = 0x80;
    } else if ((first & 0xf0) == 0xe0) {
        more = 2, point = first & 0x0f, lowest = 0x800;
    } else if ((first & 0xf8) == 0xf0) {
        more = 3, point = first & 0x07, lowest = 0x10000;
    } else {
        return kReplacement;
    }
    for (unsigned i = 0; i < more; ++i) {
        if (at + i >= text.size() || (byte(at + i) & 0xc0) != 0x80) return kReplacement;
        point = point << 6 | (byte(at + i) & 0x3f);
    }
    if (point < lowest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        return kReplacement;
    }
    at += more;
    return point;
}

}  // namespace

std::int32_t java_string_hash(std::string_view text) {
    std::uint32_t hash = 0;
    const auto add = [&](std::uint32_t unit) { hash = hash * 31 + unit; };
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t point = next_code_point(text, at);
        if (point < 0x10000) {
            add(point);
        } else {
            add(0xd800 + ((point - 0x10000) >> 10));
            add(0xdc00 + ((point - 0x10000) & 0x3ff));
        }
    }
    return static_cast<std::int32_t>(hash);
}

std::int32_t partition_for(std::string_view group_id, std::int32_t partitions) {
    CHECK(partitions > 0, partitions);
    // Kafka's abs(): the one number without a positive counterpart becomes 0.
    const std::int64_t hash = java_string_hash(group_id);
    const std::int64_t positive = hash == INT32_MIN ? 0 : hash < 0 ? -hash : hash;
    return static_cast<std::int32_t>(positive % partitions);
}

}  // namespace cauce::coordinator::group
