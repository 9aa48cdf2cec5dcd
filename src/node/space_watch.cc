#include "node/space_watch.h"

#include "base/check.h"
#include "metadata/config_keys.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::node {

namespace {

using storage::size_text;
using storage::SpaceStage;

constexpr std::string_view kWayOut =
    "Make room: lower retention.ms or retention.bytes of the largest topics, delete topics or "
    "records, remove what is not Cauce's, or enlarge the disk";

std::string room_text(const storage::SpaceFound& found) {
    return size_text(found.space.free_bytes) + " of " + size_text(found.space.total_bytes) +
           " are free";
}

}  // namespace

storage::SpaceLimits space_limits(const metadata::EffectiveConfig& config) {
    return storage::read_space_limits([&config](std::string_view name) {
        const auto* key = metadata::find_config_key(metadata::ConfigScope::broker, name);
        CHECK(key != nullptr && key->default_value, name);
        std::string value = config.broker_value(name).value_or("");
        // A metadata log that another program wrote may hold anything.
        if (!metadata::check_config_value(*key, value)) value = *key->default_value;
        return static_cast<std::uint64_t>(metadata::config_integer(value));
    });
}

std::string space_text(const std::string& path, const storage::SpaceFound& found) {
    switch (found.stage) {
        case SpaceStage::ample:
            return {};
        case SpaceStage::scarce:
            return "the disk of " + path + " runs full: " + room_text(found) +
                   ", and producers are slowed down";
        case SpaceStage::full:
            return "the disk of " + path + " is full: " + room_text(found) +
                   ", and records of clients are refused";
    }
    return {};
}

SpaceWatch::SpaceWatch(runtime::Disk& disk, std::vector<std::string> paths,
                       storage::SpaceLimits limits, Logger log)
    : disk_(disk), limits_(limits), log_(std::move(log)) {
    for (std::string& path : paths) {
        storage::SpaceReserve reserve(disk, path);
        directories_.push_back({std::move(path), std::move(reserve), {}, {}});
    }
}

void SpaceWatch::set_limits(const storage::SpaceLimits& limits) {
    if (limits == limits_) return;
    limits_ = limits;
    for (Directory& directory : directories_)
        directory.set_aside.reset();
}

void SpaceWatch::make_room_to_start() {
    for (Directory& directory : directories_) {
        const auto space = disk_.space(directory.path);
        if (!space || space->free_bytes >= limits_.reserved(space->total_bytes)) continue;
        give_up_reserve(directory);
    }
}

SpaceWatch::Look SpaceWatch::look(std::size_t index) {
    Directory& directory = directories_[index];
    const auto space = disk_.space(directory.path);
    if (!space) return {};
    const SpaceStage before = directory.found ? directory.found->stage : SpaceStage::ample;
    storage::SpaceFound found;
    found.space = *space;
    found.refuse_below = limits_.refuse_below(space->total_bytes);
    found.throttle_below = limits_.throttle_below(space->total_bytes);
    found.stage = judge_space(*space, limits_, before);
    directory.found = found;
    if (found.stage != before) tell(directory, before);
    tend_reserve(directory);
    return {.changed = found.stage != before, .worse = found.stage > before};
}

bool SpaceWatch::is_room_short() const {
    return std::ranges::any_of(directories_, [](const Directory& directory) {
        return directory.found && directory.found->stage != SpaceStage::ample;
    });
}

void SpaceWatch::tell(const Directory& directory, SpaceStage before) const {
    const storage::SpaceFound& found = *directory.found;
    const std::string scarce_below = size_text(found.throttle_below);
    const std::string full_below = size_text(found.refuse_below);
    const std::string text = space_text(directory.path, found);
    switch (found.stage) {
        case SpaceStage::full:
            log_.error(text + " (KAFKA_STORAGE_ERROR, which they try again). The last " +
                       full_below +
                       " are for the broker itself: committed offsets, deletions, the cluster's "
                       "metadata. Reading goes on. " +
                       std::string(kWayOut));
            break;
        case SpaceStage::scarce:
            if (before == SpaceStage::full) {
                log_.warn("records are taken again: " + text + " until " + scarce_below +
                          " are free");
            } else {
                log_.warn(text + ". With less than " + full_below + " they are refused. " +
                          std::string(kWayOut));
            }
            break;
        case SpaceStage::ample:
            log_.info("there is room again on the disk of " + directory.path + ": " +
                      room_text(found) + ", and records are taken as usual");
            break;
    }
}

void SpaceWatch::tend_reserve(Directory& directory) {
    const storage::SpaceFound& found = *directory.found;
    const std::uint64_t wanted = limits_.reserved(found.space.total_bytes);
    if (found.stage == SpaceStage::full && found.space.free_bytes < wanted)
        give_up_reserve(directory);
    if (directory.set_aside || found.stage != SpaceStage::ample) return;
    // It must not be what makes room scarce.
    if (found.space.free_bytes < found.throttle_below + wanted) return;
    const auto done = directory.reserve.set_aside(wanted);
    // Not tried again before the limits change or a reserve was given up: it would fail each
    // second.
    directory.set_aside = done ? wanted : 0;
    if (done) return;
    const bool cannot = done.error().number == EOPNOTSUPP;
    log_.info("nothing is set aside in " + directory.path + " for a full disk: " +
              (cannot ? "its file system cannot reserve space" : done.error().to_string()));
}

void SpaceWatch::give_up_reserve(Directory& directory) {
    if (!directory.reserve.is_there()) return;
    const auto gone = directory.reserve.give_up();
    const bool tried_before = !gone && directory.set_aside == 0u;
    directory.set_aside = gone ? std::optional<std::uint64_t>() : 0u;
    if (tried_before) return;
    if (gone) {
        log_.warn("gave up " + directory.reserve.path() +
                  ", which was set aside for a full disk; it is made again when there is room");
    } else {
        log_.error("cannot give up what was set aside for a full disk: " +
                   gone.error().to_string());
    }
}

}  // namespace cauce::node
