// A log directory as one shard sees it: online or offline, its flush rounds, its open files, and
// what waits to be deleted. Every log of that directory on that shard refers to it; it outlives
// them.
//
// Offline (D20): the first failed flush, and the first write that fails for another reason than a
// full disk or a lack of descriptors, take the directory offline at once. From then on nothing is
// written to it, appends answer EIO, and the owner has been told through `on_offline`; it moves
// leadership away and tells the other shards by calling `fail` there. Reading goes on as long as
// the device answers.
//
// A full disk is no failure: see space_stage.h. The owner looks at the file system and tells each
// shard by `tell_space`; a shard that finds less than was known asks for that by `on_low_space`.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task_group.h"
#include "storage/file_cache.h"
#include "storage/flush.h"
#include "storage/space_gate.h"
#include "storage/tail_buffer.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cauce::storage {

class DirectoryShard {
public:
    using OnOffline = std::function<void(const IoError&)>;
    static constexpr std::size_t kTailBytes = 64 * 1024 * 1024;

    // `path`: the log.dirs entry. `files` is shared by the directories of the shard.
    DirectoryShard(runtime::Disk& disk, runtime::Shards& shards, FileCache& files, std::string path,
                   Logger logger, OnOffline on_offline);
    DirectoryShard(const DirectoryShard&) = delete;
    DirectoryShard& operator=(const DirectoryShard&) = delete;

    // Constant after construction.
    runtime::Disk& disk() { return disk_; }
    runtime::Shards& shards() { return shards_; }
    FileCache& files() { return files_; }
    const std::string& path() const { return path_; }
    const Logger& logger() const { return logger_; }

    Flusher& flusher() { return flusher_; }
    // Bounds the memory that hot tails take.
    TailBudget& tail_budget() { return tail_budget_; }

    bool offline() const { return offline_.has_value(); }
    // Why. Only when offline.
    const IoError& cause() const { return *offline_; }
    // Takes it offline; idempotent. Calls `on_offline` the first time.
    void fail(const IoError& error);
    // What a failed write means: a full disk, or one that could not be asked, is just an error;
    // anything else also takes the directory offline. Returns its argument.
    IoError judge_write(IoError error);

    // Clients' appends go through it; what the broker writes for itself only tells it what it took.
    SpaceGate& space() { return space_; }
    const SpaceGate& space() const { return space_; }
    void on_low_space(std::function<void()> listener) { on_low_space_ = std::move(listener); }
    void tell_space(const SpaceFound& found);
    // So much was secured on the disk.
    void took_space(std::uint64_t bytes);
    // For a client whose batch is refused: what is so, and what to do.
    std::string why_full() const;

    // A log could not be closed in order: the stop was not a clean one.
    void note_unclosed() { has_unclosed_ = true; }
    bool has_unclosed() const { return has_unclosed_; }

    // Whether the file system can reserve space ahead; found out at the first try.
    bool can_reserve() const { return can_reserve_; }
    void set_cannot_reserve() { can_reserve_ = false; }

    // Removes files, or a folder with the files in it, when `delay` has passed, or as soon as room
    // is scarce. They have a name already that no recovery takes for data (.deleted, -delete), so
    // that a crash only means they are removed at the next start.
    void remove_file_later(std::string path, milliseconds delay);
    void remove_folder_later(std::string folder, milliseconds delay);
    std::size_t waiting_removals() const { return removals_.size(); }

    // Ends flush rounds and drops what waits for deletion (the next start removes it). No log may
    // be open any more.
    runtime::Task<void> close();

private:
    struct Removal {
        MonoTime due;
        std::string path;
        bool folder = false;
    };

    void schedule(Removal removal);
    runtime::Task<void> run_removals();
    runtime::Task<void> remove(Removal removal);
    void ask_for_a_look();

    runtime::Disk& disk_;
    runtime::Shards& shards_;
    FileCache& files_;
    std::string path_;
    Logger logger_;
    OnOffline on_offline_;
    std::optional<IoError> offline_;
    Flusher flusher_;
    SpaceGate space_;
    std::function<void()> on_low_space_;
    bool look_asked_ = false;
    TailBudget tail_budget_{kTailBytes};
    std::vector<Removal> removals_;  // heap, earliest first
    bool removing_ = false;
    bool can_reserve_ = true;
    bool has_unclosed_ = false;
    runtime::WaitList removal_added_;
    runtime::Stop stop_;
    runtime::TaskGroup tasks_;
};

// True for the errors of a full disk: nothing is broken, and space may come back.
bool is_disk_full(const IoError& error);
// True also when the process ran out of something else, descriptors or memory: the disk was not
// even asked.
bool spares_the_disk(const IoError& error);

}  // namespace cauce::storage
