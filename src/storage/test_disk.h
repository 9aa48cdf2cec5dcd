// For the tests of this folder: one shard driven by hand, and a disk in memory that can crash. The
// full simulator (src/sim) is above this layer.
//
// The disk keeps, beside what a reader sees, what would be left after a power loss: contents at
// their last sync, and names at their folder's last sync. It also keeps a journal of every change,
// so that a test can stand at each point where a process may have been killed.
#pragma once

#include "base/check.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/shards.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cauce::storage::testing {

class ManualClock final : public runtime::Clock {
public:
    MonoTime now() const override { return now_; }
    WallTime wall() const override { return wall_; }
    void advance(Duration by) {
        now_ = now_ + by;
        wall_ = wall_ + std::chrono::duration_cast<milliseconds>(by);
    }
    void set_wall(WallTime wall) { wall_ = wall; }

private:
    MonoTime now_{seconds(1)};
    WallTime wall_{1'700'000'000'000};
};

class OneShard final : public runtime::Shards {
public:
    unsigned count() const override { return 1; }
    unsigned self() const override { return 0; }
    runtime::ReadyQueue& ready() override { return ready_; }
    runtime::Timers& timers() override { return timers_; }
    const runtime::Clock& clock() const override { return clock_; }
    runtime::Random& random() override { return random_; }
    void post(unsigned, runtime::ShardMessage& message) override { message.arrive(*this); }
    runtime::TaskGroup& calls() override { return calls_; }

    ManualClock& manual_clock() { return clock_; }

    // Runs what is ready until nothing is.
    void settle() {
        while (ready_.run_one()) {
        }
    }
    void advance(Duration by) {
        clock_.advance(by);
        timers_.fire(clock_.now());
        settle();
    }

    // Runs a task to its end; it may wait for nothing but what is ready.
    template <typename T>
    T await(runtime::Task<T> task) {
        std::optional<T> result;
        calls_.spawn(into(std::move(task), result));
        settle();
        CHECK(result.has_value());
        return std::move(*result);
    }
    void await(runtime::Task<void> task) {
        bool done = false;
        calls_.spawn(into(std::move(task), done));
        settle();
        CHECK(done);
    }
    // Starts a task and leaves it where it waits.
    void start(runtime::Task<void> task) {
        calls_.spawn(std::move(task));
        settle();
    }

private:
    template <typename T>
    static runtime::Task<void> into(runtime::Task<T> task, std::optional<T>& result) {
        result.emplace(co_await task);
    }
    static runtime::Task<void> into(runtime::Task<void> task, bool& done) {
        co_await task;
        done = true;
    }

    ManualClock clock_;
    runtime::Random random_{42};
    runtime::ReadyQueue ready_;
    runtime::Timers timers_;
    runtime::TaskGroup calls_{ready_};
};

class MemoryDisk final : public runtime::Disk {
public:
    struct Inode {
        Buffer data;
        Buffer synced;
        // Bytes that a failed sync lost: no later one takes them to the device, unless they are
        // written again.
        std::set<std::uint64_t> lost;
        std::uint64_t reserved_end = 0;
    };

    // One change, as the journal keeps it.
    struct Change {
        enum class Kind : std::uint8_t { create, write, truncate, rename, remove, folder };
        Kind kind;
        std::string path;
        std::string to;
        std::uint64_t position = 0;
        Buffer bytes;
    };

    IoResult<std::unique_ptr<runtime::File>> open(std::string_view path,
                                                  runtime::OpenMode mode) override {
        std::string name(path);
        ++opens;
        auto found = names_.find(name);
        const bool creates =
            mode == runtime::OpenMode::create || mode == runtime::OpenMode::create_exclusive;
        if (found == names_.end()) {
            if (!creates) return io_fail(ENOENT, "open", name);
            if (!folders_.contains(parent(name))) return io_fail(ENOENT, "open", name);
            if (auto failed = fail_change("open", name)) return std::unexpected(*failed);
            record({Change::Kind::create, name, {}, 0, {}});
            found = names_.emplace(name, std::make_shared<Inode>()).first;
        } else if (mode == runtime::OpenMode::create_exclusive) {
            return io_fail(EEXIST, "open", name);
        }
        return std::make_unique<Handle>(*this, found->second, name);
    }

    IoResult<std::vector<runtime::DirectoryEntry>> list(std::string_view folder) override {
        const std::string prefix = std::string(folder) + "/";
        if (!folders_.contains(std::string(folder))) return io_fail(ENOENT, "list", prefix);
        std::map<std::string, bool> entries;
        for (const auto& [name, inode] : names_)
            if (parent(name) == folder) entries.emplace(name.substr(prefix.size()), false);
        for (const auto& name : folders_)
            if (name.starts_with(prefix) && parent(name) == folder)
                entries.emplace(name.substr(prefix.size()), true);
        std::vector<runtime::DirectoryEntry> result;
        for (const auto& [name, is_folder] : entries)
            result.push_back({name, is_folder});
        return result;
    }

    bool exists(std::string_view path) override {
        return names_.contains(std::string(path)) || folders_.contains(std::string(path));
    }

    IoResult<void> make_folder(std::string_view folder) override {
        std::string name(folder);
        if (folders_.contains(name)) return {};
        if (!folders_.contains(parent(name))) return io_fail(ENOENT, "mkdir", name);
        if (auto failed = fail_change("mkdir", name)) return std::unexpected(*failed);
        record({Change::Kind::folder, name, {}, 0, {}});
        folders_.insert(name);
        return {};
    }

    IoResult<void> rename(std::string_view from, std::string_view to) override {
        if (!exists(from)) return io_fail(ENOENT, "rename", std::string(from));
        if (auto failed = fail_change("rename", std::string(from))) return std::unexpected(*failed);
        record({Change::Kind::rename, std::string(from), std::string(to), 0, {}});
        move_name(names_, folders_, std::string(from), std::string(to));
        return {};
    }

    IoResult<void> remove(std::string_view path) override {
        if (!exists(path)) return io_fail(ENOENT, "remove", std::string(path));
        if (folders_.contains(std::string(path)) && !list(path)->empty())
            return io_fail(ENOTEMPTY, "remove", std::string(path));
        if (auto failed = fail_change("remove", std::string(path))) return std::unexpected(*failed);
        record({Change::Kind::remove, std::string(path), {}, 0, {}});
        names_.erase(std::string(path));
        folders_.erase(std::string(path));
        return {};
    }

    runtime::Task<IoResult<void>> sync_folder(std::string folder) override {
        co_await runtime::yield();
        ++folder_syncs;
        if (sync_error != 0) co_return io_fail(sync_error, "fsync", folder);
        // The names inside become durable as they are now; a folder that moved takes its own along.
        std::erase_if(synced_names_, [&](const auto& e) { return parent(e.first) == folder; });
        std::erase_if(synced_folders_, [&](const auto& e) { return parent(e) == folder; });
        for (const auto& [name, inode] : names_)
            if (parent(name) == folder) synced_names_[name] = inode;
        for (const auto& name : folders_)
            if (parent(name) == folder) synced_folders_.insert(name);
        co_return IoResult<void>{};
    }

    IoResult<runtime::DiskSpace> space(std::string_view) override {
        const std::uint64_t total = capacity_bytes.value_or(1ull << 40);
        return runtime::DiskSpace{total, total - std::min(used(), total)};
    }

    IoResult<std::unique_ptr<runtime::File>> lock(std::string_view path) override {
        if (locked_.contains(std::string(path)))
            return io_fail(EWOULDBLOCK, "flock", std::string(path));
        auto opened = open(path, runtime::OpenMode::create);
        if (!opened) return opened;
        locked_.insert(std::string(path));
        static_cast<Handle&>(**opened).holds_lock = true;
        return opened;
    }

    // The folder a test works in; durable from the start.
    explicit MemoryDisk(std::string root) {
        folders_.insert(root);
        synced_folders_.insert(root);
        root_ = std::move(root);
    }

    // What is left when the machine loses its power: all that was synced and nothing else.
    std::unique_ptr<MemoryDisk> after_power_loss() const {
        auto left = std::make_unique<MemoryDisk>(root_);
        for (const auto& folder : synced_folders_)
            if (left->all_parents_durable(folder, synced_folders_)) left->folders_.insert(folder);
        left->synced_folders_ = left->folders_;
        for (const auto& [name, inode] : synced_names_) {
            if (!left->folders_.contains(parent(name))) continue;
            auto copy = std::make_shared<Inode>();
            copy->data = copy->synced = inode->synced;
            left->names_[name] = left->synced_names_[name] = copy;
        }
        return left;
    }

    // What is left when the process is killed after `changes` changes: all of them. With `torn`,
    // the last change, if it is a write, got only that many bytes down.
    std::unique_ptr<MemoryDisk> after_kill(std::size_t changes,
                                           std::optional<std::size_t> torn = {}) const {
        auto left = std::make_unique<MemoryDisk>(root_);
        for (std::size_t i = 0; i < changes; ++i)
            left->replay(journal_[i], i + 1 == changes ? torn : std::nullopt);
        left->journal_.clear();
        return left;
    }

    const std::vector<Change>& journal() const { return journal_; }
    // Makes a change of another disk's journal here.
    void repeat(const Change& change) { replay(change, {}); }

    // A file's bytes, to look at and to damage. CHECKs that it is there.
    Buffer& contents(const std::string& path) {
        CHECK(names_.contains(path), path);
        return names_[path]->data;
    }
    std::uint64_t reserved_end(const std::string& path) { return names_[path]->reserved_end; }
    void put(const std::string& path, std::string_view text) {
        auto inode = std::make_shared<Inode>();
        inode->data.assign(text.begin(), text.end());
        inode->synced = inode->data;
        names_[path] = synced_names_[path] = inode;
    }
    void put_folder(const std::string& path) {
        folders_.insert(path);
        synced_folders_.insert(path);
    }
    std::vector<std::string> all_files() const {
        std::vector<std::string> result;
        for (const auto& [name, inode] : names_)
            result.push_back(name);
        return result;
    }

    // Faults.
    int sync_error = 0;            // every sync fails with it, and what it was for is lost
    int change_error = 0;          // every change of names, and every write, fails with it
    std::string change_error_for;  // ... but only where the path ends so, when not empty
    bool can_reserve = true;
    std::optional<std::uint64_t> capacity_bytes;  // ENOSPC beyond it
    bool hold_syncs = false;                      // file syncs wait for release_syncs()
    void release_syncs() {
        hold_syncs = false;
        held_.notify_all();
    }

    // Counters.
    std::uint64_t writes = 0;
    std::uint64_t reads = 0;
    std::uint64_t syncs = 0;
    std::uint64_t folder_syncs = 0;
    std::uint64_t opens = 0;
    std::uint64_t open_handles = 0;
    std::uint64_t reserves = 0;

private:
    class Handle final : public runtime::File {
    public:
        Handle(MemoryDisk& disk, std::shared_ptr<Inode> inode, std::string path)
            : disk_(disk), inode_(std::move(inode)), path_(std::move(path)) {
            ++disk_.open_handles;
        }
        ~Handle() override {
            --disk_.open_handles;
            if (holds_lock) disk_.locked_.erase(path_);
        }

        runtime::Task<IoResult<std::size_t>> read_at(std::uint64_t position,
                                                     MutableBytes into) override {
            ++disk_.reads;
            if (disk_.reads % 3 == 0) co_await runtime::yield();  // as a cold page would
            if (position >= inode_->data.size()) co_return std::size_t{0};
            const std::size_t count =
                std::min<std::size_t>(into.size(), inode_->data.size() - position);
            std::copy_n(inode_->data.begin() + static_cast<std::ptrdiff_t>(position), count,
                        into.begin());
            co_return count;
        }

        IoResult<void> write_at(std::uint64_t position, std::span<const BytesView> parts) override {
            ++disk_.writes;
            if (auto failed = disk_.fail_change("pwrite", path_)) return std::unexpected(*failed);
            Buffer bytes;
            for (const auto& part : parts)
                bytes.insert(bytes.end(), part.begin(), part.end());
            const std::uint64_t end = position + bytes.size();
            const std::uint64_t held =
                std::max<std::uint64_t>(inode_->data.size(), inode_->reserved_end);
            if (end > held && disk_.capacity_bytes &&
                disk_.used() + (end - held) > *disk_.capacity_bytes) {
                // Half of it gets in, as a real disk may do.
                bytes.resize(bytes.size() / 2);
                write(*inode_, position, bytes);
                return io_fail(ENOSPC, "pwrite", path_);
            }
            disk_.record({Change::Kind::write, path_, {}, position, bytes});
            write(*inode_, position, bytes);
            return {};
        }

        runtime::Task<IoResult<void>> sync() override {
            Buffer image = inode_->data;
            std::shared_ptr<Inode> inode = inode_;
            MemoryDisk& disk = disk_;
            std::string path = path_;
            co_await runtime::yield();
            while (disk.hold_syncs)
                co_await disk.held_.wait();
            ++disk.syncs;
            const Buffer& before = inode->synced;
            if (disk.sync_error != 0) {
                for (std::size_t i = 0; i < image.size(); ++i)
                    if (i >= before.size() || before[i] != image[i]) inode->lost.insert(i);
                co_return io_fail(disk.sync_error, "fdatasync", path);
            }
            for (const std::uint64_t i : inode->lost)
                if (i < image.size()) image[i] = i < before.size() ? before[i] : 0;
            inode->synced = std::move(image);
            co_return IoResult<void>{};
        }

        IoResult<void> truncate(std::uint64_t size) override {
            if (auto failed = disk_.fail_change("ftruncate", path_))
                return std::unexpected(*failed);
            disk_.record({Change::Kind::truncate, path_, {}, size, {}});
            inode_->data.resize(size);
            inode_->lost.erase(inode_->lost.lower_bound(size), inode_->lost.end());
            inode_->reserved_end = size;
            return {};
        }
        IoResult<std::uint64_t> size() const override { return inode_->data.size(); }

        IoResult<void> reserve(std::uint64_t position, std::uint64_t length) override {
            ++disk_.reserves;
            if (!disk_.can_reserve) return io_fail(EOPNOTSUPP, "fallocate", path_);
            const std::uint64_t held =
                std::max<std::uint64_t>(inode_->data.size(), inode_->reserved_end);
            const std::uint64_t end = position + length;
            if (end <= held) return {};
            if (disk_.capacity_bytes && disk_.used() + (end - held) > *disk_.capacity_bytes)
                return io_fail(ENOSPC, "fallocate", path_);
            inode_->reserved_end = end;
            return {};
        }

        static void write(Inode& inode, std::uint64_t position, BytesView bytes) {
            if (inode.data.size() < position + bytes.size())
                inode.data.resize(position + bytes.size());
            std::copy(bytes.begin(), bytes.end(),
                      inode.data.begin() + static_cast<std::ptrdiff_t>(position));
            inode.lost.erase(inode.lost.lower_bound(position),
                             inode.lost.lower_bound(position + bytes.size()));
        }

        bool holds_lock = false;

    private:
        MemoryDisk& disk_;
        std::shared_ptr<Inode> inode_;
        std::string path_;
    };

    using Names = std::map<std::string, std::shared_ptr<Inode>>;

    static std::string parent(std::string_view path) {
        return std::string(path.substr(0, path.find_last_of('/')));
    }

    static void move_name(Names& names, std::set<std::string>& folders, const std::string& from,
                          const std::string& to) {
        if (folders.erase(from) > 0) {
            folders.insert(to);
            Names moved;
            for (auto it = names.begin(); it != names.end();) {
                if (it->first.starts_with(from + "/")) {
                    moved[to + it->first.substr(from.size())] = it->second;
                    it = names.erase(it);
                } else {
                    ++it;
                }
            }
            names.merge(moved);
            return;
        }
        names[to] = names[from];
        names.erase(from);
    }

    bool all_parents_durable(const std::string& folder,
                             const std::set<std::string>& durable) const {
        for (std::string at = folder; at != root_; at = parent(at))
            if (at.empty() || !durable.contains(at)) return false;
        return true;
    }

    std::optional<IoError> fail_change(const char* operation, const std::string& path) const {
        if (change_error == 0 || !path.ends_with(change_error_for)) return std::nullopt;
        return IoError{change_error, operation, path};
    }

    std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& [name, inode] : names_)
            sum += std::max<std::uint64_t>(inode->data.size(), inode->reserved_end);
        return sum;
    }

    void record(Change change) { journal_.push_back(std::move(change)); }

    void replay(const Change& change, std::optional<std::size_t> torn) {
        switch (change.kind) {
            case Change::Kind::create:
                names_[change.path] = std::make_shared<Inode>();
                break;
            case Change::Kind::write: {
                BytesView bytes(change.bytes);
                if (torn) bytes = bytes.first(std::min(*torn, bytes.size()));
                Handle::write(*names_.at(change.path), change.position, bytes);
                break;
            }
            case Change::Kind::truncate:
                names_.at(change.path)->data.resize(change.position);
                break;
            case Change::Kind::rename:
                move_name(names_, folders_, change.path, change.to);
                break;
            case Change::Kind::remove:
                names_.erase(change.path);
                folders_.erase(change.path);
                break;
            case Change::Kind::folder:
                folders_.insert(change.path);
                break;
        }
    }

    std::string root_;
    Names names_;
    Names synced_names_;
    std::set<std::string> folders_;
    std::set<std::string> synced_folders_;
    std::set<std::string> locked_;
    std::vector<Change> journal_;
    runtime::WaitList held_;
};

}  // namespace cauce::storage::testing
