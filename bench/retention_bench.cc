// What deleting old segments costs those who write meanwhile, on the machine's files:
//   ./run build bench && ninja -C out/release retention_bench && out/release/bin/retention_bench
//   [SEGMENTS [MIB]]
// A log of so many segments of so many MiB (64 of 32; in TMPDIR) loses all of them at once, without
// file.delete.delay.ms, while the same shard appends a batch of 16 KiB every millisecond. Told are
// the times from when each was due until it was appended; once with nothing to delete, once with
// the files removed beside the shard, as the broker does it, and once on the shard itself.
#include "base/check.h"
#include "runtime/os/runtime.h"
#include "storage/log.h"
#include "storage/test_batches.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::bench {
namespace {

using runtime::Task;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchBytes = 16 * 1024;
constexpr std::size_t kFillBytes = 1024 * 1024;
constexpr Duration kPeriod = milliseconds(1);
// After the last file has gone, and for the run without any.
constexpr Duration kTail = seconds(2);

enum class Removal : std::uint8_t { none, aside, on_shard };

// A disk whose removals hold the shard up, as they did before there was another way.
class RemovingOnShard final : public runtime::Disk {
public:
    explicit RemovingOnShard(runtime::Disk& disk) : disk_(disk) {}

    IoResult<std::unique_ptr<runtime::File>> open(std::string_view path,
                                                  runtime::OpenMode mode) override {
        return disk_.open(path, mode);
    }
    IoResult<std::vector<runtime::DirectoryEntry>> list(std::string_view folder) override {
        return disk_.list(folder);
    }
    bool exists(std::string_view path) override { return disk_.exists(path); }
    IoResult<void> make_folder(std::string_view folder) override {
        return disk_.make_folder(folder);
    }
    IoResult<void> rename(std::string_view from, std::string_view to) override {
        return disk_.rename(from, to);
    }
    IoResult<void> remove(std::string_view path) override { return disk_.remove(path); }
    Task<IoResult<void>> sync_folder(std::string folder) override {
        return disk_.sync_folder(std::move(folder));
    }
    IoResult<runtime::DiskSpace> space(std::string_view folder) override {
        return disk_.space(folder);
    }
    IoResult<std::unique_ptr<runtime::File>> lock(std::string_view path) override {
        return disk_.lock(path);
    }

private:
    runtime::Disk& disk_;
};

class Folder {
public:
    Folder() {
        path_ = std::filesystem::temp_directory_path() / "cauce-bench-XXXXXX";
        CHECK(::mkdtemp(path_.data()) != nullptr);
    }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

Buffer batch_of(std::size_t bytes) {
    return storage::testing::make_batch({.records = static_cast<std::int32_t>(bytes / 1024),
                                         .value_bytes = 1010,
                                         .timestamp = 1'700'000'000'000});
}

struct Measured {
    std::vector<Duration> late;  // of each append, sorted at the end
    Duration taken{0};           // until the last file had gone
};

struct Run {
    Removal removal;
    std::uint64_t segments;
    std::uint64_t segment_bytes;
    Measured& out;

    Task<void> operator()(runtime::os::Runtime& runtime, const std::string& folder) const {
        RemovingOnShard on_shard(runtime.disk(0));
        runtime::Disk& disk =
            removal == Removal::on_shard ? static_cast<runtime::Disk&>(on_shard) : runtime.disk(0);
        runtime::Shards& shards = runtime.shards(0);
        storage::FileCache files(disk, 100);
        storage::DirectoryShard home(disk, shards, files, folder, {}, nullptr);
        auto config = std::make_shared<storage::LogConfig>();
        config->durability = storage::Durability::page_cache;
        config->segment_bytes = static_cast<std::int64_t>(segment_bytes);
        config->retention_ms = -1;
        config->file_delete_delay_ms = 0;
        storage::LogOpenOptions options;
        options.partition = {"bench", 0};
        options.config = config;
        auto opened = co_await storage::Log::open(home, options);
        CHECK(opened.has_value());
        storage::Log& log = **opened;
        Buffer fill = batch_of(kFillBytes);
        while (log.segment_count() <= segments) {
            store_big_endian(fill.data(), log.end_offset().value);
            CHECK(log.append(fill).has_value());
            co_await runtime::yield();
        }
        // Blocks have to be on the device before it costs something to free them.
        CHECK((co_await log.wait_flushed(log.end_offset())).has_value());

        bool dropped = removal == Removal::none;
        runtime::TaskGroup deleting(shards.ready());
        const Clock::time_point begin = Clock::now();
        if (removal != Removal::none) {
            auto none = std::make_shared<storage::LogConfig>(*config);
            none->retention_bytes = 0;
            log.reconfigure(none);
            deleting.spawn(delete_all(log, dropped, begin, out.taken));
        }
        Buffer batch = batch_of(kBatchBytes);
        MonoTime due = shards.clock().now() + kPeriod;
        MonoTime end = due + kTail;
        Clock::time_point wanted = Clock::now() + kPeriod;
        while (shards.clock().now() < end) {
            co_await shards.sleep_until(due);
            store_big_endian(batch.data(), log.end_offset().value);
            CHECK(log.append(batch).has_value());
            out.late.push_back(Clock::now() - wanted);
            // Those that were missed are not made up for: each pause counts once.
            wanted = Clock::now() + kPeriod;
            due = shards.clock().now() + kPeriod;
            // Not by how many segments there are: what is appended meanwhile makes more.
            if (!dropped || home.waiting_removals() > 0) {
                out.taken = Clock::now() - begin;
                end = due + kTail;
            }
        }
        co_await deleting.join();
        CHECK((co_await log.close()).has_value());
        co_await home.close();
        std::ranges::sort(out.late);
    }

    static Task<void> delete_all(storage::Log& log, bool& dropped, Clock::time_point begin,
                                 Duration& taken) {
        CHECK((co_await log.delete_old_segments(log.end_offset())).has_value());
        dropped = true;
        taken = Clock::now() - begin;
    }
};

double ms(Duration span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

void measure(const char* name, Removal removal, std::uint64_t segments, std::uint64_t bytes) {
    const Folder folder;
    auto runtime = runtime::os::Runtime::make({.stop_on_signals = false});
    CHECK(runtime.has_value());
    Measured out;
    const Run run{removal, segments, bytes, out};
    const auto main = [&](unsigned) { return run(**runtime, folder.path()); };
    CHECK((*runtime)->run(main).has_value());
    const auto at = [&out](std::size_t of_1000) {
        return ms(out.late[(out.late.size() - 1) * of_1000 / 1000]);
    };
    std::printf("%-22s %8zu appends   p50 %7.3f   p99 %7.3f   p99.9 %7.3f   worst %8.3f ms   ",
                name, out.late.size(), at(500), at(990), at(999), at(1000));
    if (removal == Removal::none)
        std::printf("\n");
    else
        std::printf("gone after %.0f ms\n", ms(out.taken));
    std::fflush(stdout);
}

std::uint64_t number(const char* text) {
    std::uint64_t value = 0;
    const char* end = text + std::strlen(text);
    const auto parsed = std::from_chars(text, end, value);
    CHECK(parsed.ec == std::errc() && parsed.ptr == end && value > 0, std::string_view(text));
    return value;
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    using namespace cauce::bench;
    const std::uint64_t segments = argc > 1 ? number(argv[1]) : 64;
    const std::uint64_t bytes = (argc > 2 ? number(argv[2]) : 32) << 20;
    measure("nothing to delete", Removal::none, segments, bytes);
    measure("removed beside", Removal::aside, segments, bytes);
    measure("removed on the shard", Removal::on_shard, segments, bytes);
}
