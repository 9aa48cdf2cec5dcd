#include "storage/space_stage.h"

#include <array>

namespace cauce::storage {
namespace {

// Whether `free` is below a mark that is on already, or not yet.
bool is_below(std::uint64_t free_bytes, std::uint64_t mark, bool on) {
    return free_bytes < (on ? mark + mark / 8 : mark);
}

}  // namespace

std::string_view name_of(SpaceStage stage) {
    switch (stage) {
        case SpaceStage::ample:
            return "ample";
        case SpaceStage::scarce:
            return "scarce";
        case SpaceStage::full:
            return "full";
    }
    return "";
}

SpaceLimits read_space_limits(const std::function<std::uint64_t(std::string_view key)>& number) {
    const auto mark = [&number](std::string_view bytes, std::string_view percent) {
        return SpaceMark{number(bytes), static_cast<std::uint32_t>(number(percent))};
    };
    SpaceLimits limits;
    limits.throttle = mark("cauce.disk.free.throttle.bytes", "cauce.disk.free.throttle.percent");
    limits.refuse = mark("cauce.disk.free.refuse.bytes", "cauce.disk.free.refuse.percent");
    limits.reserve = mark("cauce.disk.reserve.bytes", "cauce.disk.reserve.percent");
    return limits;
}

SpaceStage judge_space(const runtime::DiskSpace& space, const SpaceLimits& limits,
                       SpaceStage before) {
    const std::uint64_t refuse = limits.refuse_below(space.total_bytes);
    const std::uint64_t throttle = limits.throttle_below(space.total_bytes);
    if (is_below(space.free_bytes, refuse, before == SpaceStage::full)) return SpaceStage::full;
    if (is_below(space.free_bytes, throttle, before != SpaceStage::ample))
        return SpaceStage::scarce;
    return SpaceStage::ample;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    std::size_t unit = 0;
    std::uint64_t scale = 1024;
    while (unit + 1 < kUnits.size() && bytes / scale >= 1024) {
        scale *= 1024;
        ++unit;
    }
    const std::uint64_t whole = bytes / scale;
    std::string text = std::to_string(whole);
    // One decimal where it says something.
    if (whole < 10) {
        const std::uint64_t tenths = bytes % scale * 10 / scale;
        if (tenths > 0) text += "." + std::to_string(tenths);
    }
    return text + " " + std::string(kUnits[unit]);
}

}  // namespace cauce::storage
