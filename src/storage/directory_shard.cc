#include "storage/directory_shard.h"

#include "base/mutant.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {

bool is_disk_full(const IoError& error) {
    return error.number == ENOSPC || error.number == EDQUOT;
}

bool spares_the_disk(const IoError& error) {
    return is_disk_full(error) || error.number == EMFILE || error.number == ENFILE ||
           error.number == ENOMEM;
}

DirectoryShard::DirectoryShard(runtime::Disk& disk, runtime::Shards& shards, FileCache& files,
                               std::string path, Logger logger, OnOffline on_offline)
    : disk_(disk),
      shards_(shards),
      files_(files),
      path_(std::move(path)),
      logger_(std::move(logger)),
      on_offline_(std::move(on_offline)),
      flusher_(shards, [this](const IoError& error) { fail(error); }),
      space_(shards.count()),
      tasks_(shards.ready()) {}

void DirectoryShard::fail(const IoError& error) {
    if (offline_ || CAUCE_MUTANT("failed-directory-used")) return;
    offline_ = error;
    logger_.error("log directory " + path_ + " is offline: " + error.to_string());
    if (on_offline_) on_offline_(error);
}

IoError DirectoryShard::judge_write(IoError error) {
    if (!spares_the_disk(error)) {
        fail(error);
    } else if (is_disk_full(error)) {
        ask_for_a_look();
    }
    return error;
}

void DirectoryShard::tell_space(const SpaceFound& found) {
    look_asked_ = false;
    space_.told(found);
    // What waits to be removed is what there is to free.
    if (found.stage != SpaceStage::ample) removal_added_.notify_all();
}

void DirectoryShard::took_space(std::uint64_t bytes) {
    if (!space_.took(bytes)) return;
    const auto found = disk_.space(path_);
    // A file system that does not say is found out by the writes themselves.
    if (found && space_.looked(*found)) ask_for_a_look();
}

void DirectoryShard::ask_for_a_look() {
    if (look_asked_ || !on_low_space_) return;
    look_asked_ = true;
    on_low_space_();
}

std::string DirectoryShard::why_full() const {
    const SpaceFound& found = space_.found();
    return "the disk of the log directory " + path_ +
           " is full: " + size_text(found.space.free_bytes) + " of " +
           size_text(found.space.total_bytes) + " are free, and the last " +
           size_text(found.refuse_below) +
           " are the broker's own (cauce.disk.free.refuse.bytes). Nothing was appended; try again "
           "later. Reading goes on; so does deleting: topics, records, or by a lower retention";
}

void DirectoryShard::remove_file_later(std::string path, milliseconds delay) {
    schedule({shards_.clock().now() + delay, std::move(path), false});
}

void DirectoryShard::remove_folder_later(std::string folder, milliseconds delay) {
    schedule({shards_.clock().now() + delay, std::move(folder), true});
}

void DirectoryShard::schedule(Removal removal) {
    removals_.push_back(std::move(removal));
    std::ranges::push_heap(removals_, std::greater{}, &Removal::due);
    if (removing_) {
        removal_added_.notify_all();
        return;
    }
    removing_ = true;
    tasks_.spawn(run_removals());
}

runtime::Task<void> DirectoryShard::run_removals() {
    while (!removals_.empty() && !stop_.requested()) {
        const MonoTime due = removals_.front().due;
        // Who still reads such a file holds it open; the delay is for people, and room is worth
        // more.
        const bool at_once = space_.stage() != SpaceStage::ample;
        if (!at_once && shards_.clock().now() < due) {
            // An earlier one may come meanwhile.
            co_await removal_added_.wait_until(shards_.timers(), due);
            continue;
        }
        std::ranges::pop_heap(removals_, std::greater{}, &Removal::due);
        Removal removal = std::move(removals_.back());
        removals_.pop_back();
        if (!offline()) co_await remove(std::move(removal));
        // A thousand of them in a row must not hold up the shard.
        co_await runtime::yield();
    }
    removing_ = false;
}

runtime::Task<void> DirectoryShard::remove(Removal removal) {
    if (removal.folder) {
        const auto inside = disk_.list(removal.path);
        if (!inside) co_return;
        for (const auto& entry : *inside) {
            const auto removed = co_await disk_.remove_aside(removal.path + "/" + entry.name);
            if (!removed) logger_.warn("cannot remove: " + removed.error().to_string());
            // A stop does not wait for thousands of them: the next start removes the rest.
            if (stop_.requested()) co_return;
        }
    }
    const auto removed = co_await disk_.remove_aside(removal.path);
    // Gone already is as good. What stays is tried again at the next start.
    if (!removed && removed.error().number != ENOENT)
        logger_.warn("cannot remove: " + removed.error().to_string());
}

runtime::Task<void> DirectoryShard::close() {
    co_await flusher_.drain();
    stop_.request();
    removal_added_.notify_all();
    co_await tasks_.join();
    removals_.clear();
}

}  // namespace cauce::storage
