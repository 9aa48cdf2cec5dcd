// What an append costs with the machine's files, beside the bare system call in the same run:
//   ./run build bench && ninja -C out/release append_bench && out/release/bin/append_bench
// Every case writes half a GB into the temporary folder (TMPDIR), one call a batch. CPU time is the
// thread's own, the kernel's part included.
#include "base/check.h"
#include "runtime/os/runtime.h"
#include "storage/log.h"
#include "storage/test_batches.h"

#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

namespace cauce::bench {
namespace {

using runtime::Task;

constexpr std::int64_t kTotalBytes = 512 << 20;
constexpr std::uint64_t kReserveBytes = 16 << 20;

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

// One batch of about `bytes`, in records of 1 KB.
Buffer batch_of(std::int64_t bytes) {
    return storage::testing::make_batch(
        {.records = static_cast<std::int32_t>(std::max<std::int64_t>(1, bytes / 1024)),
         .value_bytes = 1010,
         .timestamp = 1'700'000'000'000});
}

// Memory that the machine has not handed out for a while costs more than all the rest to touch for
// the first time (a virtual one asks its host). So every case finds memory that was just in use.
void touch_memory(runtime::Disk& disk, const std::string& folder) {
    const std::string path = folder + "/touched";
    auto file = std::move(*disk.open(path, runtime::OpenMode::create));
    const Buffer bytes(1 << 20);
    for (std::int64_t at = 0; at < kTotalBytes * 3 / 2; at += 1 << 20)
        CHECK(file->write_at(static_cast<std::uint64_t>(at), BytesView(bytes)).has_value());
    CHECK(disk.remove(path).has_value());
}

// Runs `body` on one real shard, once: the iterations are made in there.
template <typename Body>
void on_shard(benchmark::State& state, const Body& body) {
    const Folder folder;
    auto runtime = runtime::os::Runtime::make({.stop_on_signals = false});
    CHECK(runtime.has_value());
    touch_memory((*runtime)->disk(0), folder.path());
    bool done = false;
    for (auto _ : state) {
        if (done) continue;
        done = true;
        const auto main = [&](unsigned) { return body(**runtime, folder.path()); };
        CHECK((*runtime)->run(main).has_value());
    }
}

void account(benchmark::State& state, std::size_t bytes) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
    state.counters["s/GB"] = benchmark::Counter(
        static_cast<double>(state.iterations()) * static_cast<double>(bytes) / 1e9,
        benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

enum class Space : std::uint8_t { extend, reserve, overwrite };

struct Pwrite {
    benchmark::State& state;
    const Buffer& batch;
    Space space;

    Task<void> operator()(runtime::os::Runtime& runtime, const std::string& folder) const {
        auto file = std::move(*runtime.disk(0).open(folder + "/f", runtime::OpenMode::create));
        std::uint64_t reserved = 0;
        std::uint64_t at = 0;
        const std::uint64_t most = 32 << 20;
        for (std::int64_t i = 0; i < state.max_iterations; ++i) {
            if (space == Space::reserve && at + batch.size() > reserved) {
                CHECK(file->reserve(at, kReserveBytes).has_value());
                reserved = at + kReserveBytes;
            }
            CHECK(file->write_at(at, BytesView(batch)).has_value());
            at += batch.size();
            if (space == Space::overwrite && at > most) at = 0;
        }
        co_return;
    }
};

void pwrite(benchmark::State& state, Space space) {
    const Buffer batch = batch_of(state.range(0));
    on_shard(state, Pwrite{state, batch, space});
    account(state, batch.size());
}
void pwrite_extend(benchmark::State& state) {
    pwrite(state, Space::extend);
}
void pwrite_reserved(benchmark::State& state) {
    pwrite(state, Space::reserve);
}
void pwrite_over(benchmark::State& state) {
    pwrite(state, Space::overwrite);
}

struct Append {
    benchmark::State& state;
    Buffer& batch;
    std::int64_t together;  // batches that are written with one call

    Task<void> operator()(runtime::os::Runtime& runtime, const std::string& folder) const {
        storage::FileCache files(runtime.disk(0), 100);
        storage::DirectoryShard home(runtime.disk(0), runtime.shards(0), files, folder, {},
                                     nullptr);
        auto config = std::make_shared<storage::LogConfig>();
        config->durability = storage::Durability::page_cache;
        storage::LogOpenOptions options;
        options.partition = {"bench", 0};
        options.config = config;
        auto log = co_await storage::Log::open(home, options);
        CHECK(log.has_value());
        std::vector<Buffer> batches(static_cast<std::size_t>(together), batch);
        for (std::int64_t i = 0; i < state.max_iterations; ++i) {
            Buffer& next = batches[static_cast<std::size_t>(i % together)];
            store_big_endian(next.data(), (*log)->end_offset().value);
            CHECK((*log)->append_gathering(next).has_value());
            if (i % together == together - 1) CHECK((*log)->write_gathered().has_value());
        }
        CHECK((*log)->write_gathered().has_value());
        state.PauseTiming();
        co_await home.flusher().drain();
        CHECK((co_await (*log)->remove()).has_value());
        state.ResumeTiming();
    }
};

void log_append(benchmark::State& state) {
    Buffer batch = batch_of(state.range(0));
    on_shard(state, Append{state, batch, 1});
    account(state, batch.size());
}
void log_append_8_together(benchmark::State& state) {
    Buffer batch = batch_of(state.range(0));
    on_shard(state, Append{state, batch, 8});
    account(state, batch.size());
}

void sizes(benchmark::internal::Benchmark* bench, std::int64_t bytes) {
    bench->Arg(bytes)->Iterations(kTotalBytes / bytes)->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    using namespace cauce::bench;
    benchmark::Initialize(&argc, argv);
    for (const std::int64_t bytes : {1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20}) {
        sizes(benchmark::RegisterBenchmark("pwrite_extend", pwrite_extend), bytes);
        sizes(benchmark::RegisterBenchmark("pwrite_reserved", pwrite_reserved), bytes);
        sizes(benchmark::RegisterBenchmark("pwrite_over", pwrite_over), bytes);
        sizes(benchmark::RegisterBenchmark("log_append", log_append), bytes);
        sizes(benchmark::RegisterBenchmark("log_append_8_together", log_append_8_together), bytes);
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
