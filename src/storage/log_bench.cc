// What a log costs by itself, over files that do nothing: heads, indexes, producers, places, the
// flush round. With real files: bench/append_bench.cc.
#include "base/check.h"
#include "storage/log.h"
#include "storage/test_batches.h"
#include "storage/test_disk.h"

#include <benchmark/benchmark.h>

#include <cerrno>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace cauce::storage {
namespace {

class NullFile final : public runtime::File {
public:
    runtime::Task<IoResult<std::size_t>> read_at(std::uint64_t, MutableBytes) override {
        co_return std::size_t{0};
    }
    IoResult<void> write_at(std::uint64_t, std::span<const BytesView>) override { return {}; }
    runtime::Task<IoResult<void>> sync() override { co_return IoResult<void>{}; }
    IoResult<void> truncate(std::uint64_t) override { return {}; }
    IoResult<std::uint64_t> size() const override { return 0; }
    IoResult<void> reserve(std::uint64_t, std::uint64_t) override { return {}; }
};

// Names do not matter to a log that is only appended to.
class NullDisk final : public runtime::Disk {
public:
    IoResult<std::unique_ptr<runtime::File>> open(std::string_view, runtime::OpenMode) override {
        return std::make_unique<NullFile>();
    }
    IoResult<std::vector<runtime::DirectoryEntry>> list(std::string_view path) override {
        return io_fail(ENOENT, "list", std::string(path));
    }
    bool exists(std::string_view) override { return false; }
    IoResult<void> make_folder(std::string_view) override { return {}; }
    IoResult<void> rename(std::string_view, std::string_view) override { return {}; }
    IoResult<void> remove(std::string_view) override { return {}; }
    runtime::Task<IoResult<void>> sync_folder(std::string) override { co_return IoResult<void>{}; }
    IoResult<runtime::DiskSpace> space(std::string_view) override { return runtime::DiskSpace{}; }
    IoResult<std::unique_ptr<runtime::File>> lock(std::string_view) override {
        return std::make_unique<NullFile>();
    }
};

struct Bench {
    explicit Bench(Durability durability) : home(disk, shard, files, "/null", {}, nullptr) {
        auto config = std::make_shared<LogConfig>();
        config->durability = durability;
        config->segment_bytes = 256 << 20;
        config->file_delete_delay_ms = 0;
        config->retention_bytes = 512 << 20;
        LogOpenOptions options;
        options.partition = {"bench", 0};
        options.config = config;
        auto opened = shard.await(Log::open(home, options));
        CHECK(opened.has_value());
        log = std::move(*opened);
    }

    NullDisk disk;
    testing::OneShard shard;
    FileCache files{disk, 100};
    DirectoryShard home;
    std::unique_ptr<Log> log;
};

// A batch of about `bytes`, in records of 1 KB. Only its base offset is written anew each time.
Buffer batch_of(std::int64_t bytes) {
    return testing::make_batch(
        {.records = static_cast<std::int32_t>(std::max<std::int64_t>(1, bytes / 1024)),
         .value_bytes = 1010,
         .timestamp = 1'700'000'000'000,
         .producer_id = 7,
         .producer_epoch = 0,
         .base_sequence = 0});
}

void append(benchmark::State& state, Durability durability) {
    Bench bench(durability);
    Buffer batch = batch_of(state.range(0));
    std::int64_t appended = 0;
    for (auto _ : state) {
        store_big_endian(batch.data(), bench.log->end_offset().value);
        auto info = bench.log->append(batch);
        benchmark::DoNotOptimize(info);
        bench.shard.settle();
        appended += static_cast<std::int64_t>(batch.size());
        if (appended > (1 << 30)) {
            state.PauseTiming();
            bench.shard.await(bench.log->delete_old_segments(bench.log->end_offset()));
            bench.shard.advance(milliseconds(1));
            appended = 0;
            state.ResumeTiming();
        }
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                            static_cast<std::int64_t>(batch.size()));
}

void append_page_cache(benchmark::State& state) {
    append(state, Durability::page_cache);
}
void append_flush(benchmark::State& state) {
    append(state, Durability::flush);
}
BENCHMARK(append_page_cache)->Arg(1024)->Arg(16 << 10)->Arg(1 << 20);
BENCHMARK(append_flush)->Arg(1024)->Arg(16 << 10)->Arg(1 << 20);

// A reader that follows each append: places known, bytes in memory.
void append_and_read_tail(benchmark::State& state) {
    Bench bench(Durability::page_cache);
    Buffer batch = batch_of(state.range(0));
    for (auto _ : state) {
        const Offset from = bench.log->end_offset();
        store_big_endian(batch.data(), from.value);
        CHECK(bench.log->append(batch).has_value());
        for (std::int64_t reader = 0; reader < state.range(1); ++reader) {
            auto read = bench.log->try_read({from, bench.log->end_offset(), 1 << 20, true});
            CHECK(read && read->has_value() && (*read)->size == batch.size());
            benchmark::DoNotOptimize(read);
        }
    }
}
BENCHMARK(append_and_read_tail)->Args({16 << 10, 0})->Args({16 << 10, 1})->Args({16 << 10, 10});

Offset append_at_end(Bench& bench, Buffer& batch) {
    const Offset at = bench.log->end_offset();
    store_big_endian(batch.data(), at.value);
    CHECK(bench.log->append(batch).has_value());
    return at;
}

// The last batch, again and again, as many consumers do that have caught up: its place is known,
// its bytes are in memory.
void read_tail(benchmark::State& state) {
    Bench bench(Durability::page_cache);
    Buffer batch = batch_of(state.range(0));
    // What is appended after a read at the tail is kept.
    const Offset first = append_at_end(bench, batch);
    CHECK(bench.log->try_read({first, bench.log->end_offset(), 1 << 20, true}).has_value());
    const Offset from = append_at_end(bench, batch);
    const ReadRequest request{from, bench.log->end_offset(), 1 << 20, true};
    for (auto _ : state) {
        auto read = bench.log->try_read(request);
        CHECK(read && read->has_value() && (*read)->size == batch.size());
        CHECK(std::holds_alternative<BytesView>((*read)->data));
        benchmark::DoNotOptimize(read);
    }
}
BENCHMARK(read_tail)->Arg(1024)->Arg(16 << 10);

// Batch after batch from the file, as a consumer does that is a little behind: places are known,
// and the answer is a range of the file. Whoever sends it is not part of this.
void read_range(benchmark::State& state) {
    Bench bench(Durability::page_cache);
    Buffer batch = batch_of(state.range(0));
    // No more than a log knows the places of.
    constexpr std::size_t kBatches = 32;
    std::vector<Offset> batches;
    for (std::size_t i = 0; i < kBatches; ++i)
        batches.push_back(append_at_end(bench, batch));
    ReadRequest request{batches[0], bench.log->end_offset(), batch.size(), true};
    std::size_t next = 0;
    for (auto _ : state) {
        request.from = batches[next++ % kBatches];
        auto read = bench.log->try_read(request);
        CHECK(read && read->has_value() && (*read)->size == batch.size());
        CHECK(std::holds_alternative<runtime::FileRange>((*read)->data));
        benchmark::DoNotOptimize(read);
    }
}
BENCHMARK(read_range)->Arg(1024)->Arg(16 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace cauce::storage
