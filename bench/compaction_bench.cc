// What a round of compaction costs with the machine's files:
//   ./run build bench && ninja -C out/release compaction_bench && out/release/bin/compaction_bench
// Every case writes a log of 256 MB into the temporary folder (TMPDIR), in which each key comes
// four times, and compacts it once. bytes_per_second counts what the round reads for its second
// half, the log once: that is what Kafka's cleaner calls "cleaned". MB/core-s are the same bytes a
// second of processor time of all threads, the kernel's part included.
#include "base/check.h"
#include "runtime/os/runtime.h"
#include "storage/log.h"
#include "wire/batch_builder.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace cauce::bench {
namespace {

using runtime::Task;

constexpr std::int64_t kLogBytes = 256 << 20;
constexpr std::int64_t kTimesAKey = 4;
constexpr std::int32_t kRecordsABatch = 64;

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

double processor_seconds() {
    rusage used{};
    CHECK(::getrusage(RUSAGE_SELF, &used) == 0);
    const auto in_seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return in_seconds(used.ru_utime) + in_seconds(used.ru_stime);
}

// What is compacted: `value_bytes` a record, about half of which a codec saves.
struct Content {
    std::size_t value_bytes;
    wire::Codec codec;

    std::int64_t records() const { return kLogBytes / static_cast<std::int64_t>(value_bytes + 24); }

    Buffer batch(Offset base) const {
        wire::BatchOptions options;
        options.base_offset = base;
        options.codec = codec;
        wire::BatchBuilder builder(options);
        const std::int64_t keys = records() / kTimesAKey;
        std::string value(value_bytes, 'v');
        std::uint64_t state = static_cast<std::uint64_t>(base.value) + 1;
        for (std::int32_t i = 0; i < kRecordsABatch; ++i) {
            const std::string key = "key-" + std::to_string((base.value + i) % keys);
            for (std::size_t at = 0; at < value.size(); at += 2) {
                state = state * 6364136223846793005ull + 1442695040888963407ull;
                value[at] = static_cast<char>('a' + (state >> 33) % 26);
            }
            builder.append(1'700'000'000'000, wire::Bytes(as_bytes(key)),
                           wire::Bytes(as_bytes(value)));
        }
        return builder.build().value();
    }
};

struct Compact {
    benchmark::State& state;
    Content content;

    Task<void> operator()(runtime::os::Runtime& runtime, const std::string& folder) const {
        storage::FileCache files(runtime.disk(0), 100);
        storage::DirectoryShard home(runtime.disk(0), runtime.shards(0), files, folder, {},
                                     nullptr);
        auto config = std::make_shared<storage::LogConfig>();
        config->durability = storage::Durability::page_cache;
        config->segment_bytes = 32 << 20;
        config->compact = true;
        config->file_delete_delay_ms = 0;
        storage::LogOpenOptions options;
        options.partition = {"bench", 0};
        options.config = config;
        auto log = co_await storage::Log::open(home, options);
        CHECK(log.has_value());
        while ((*log)->end_offset().value < content.records()) {
            const Buffer batch = content.batch((*log)->end_offset());
            CHECK((*log)->append(batch).has_value());
        }
        CHECK((*log)->roll().has_value());
        CHECK((co_await (*log)->wait_flushed((*log)->end_offset())).has_value());

        storage::CleaningOrder order;
        order.stable = (*log)->end_offset();
        const double before = processor_seconds();
        state.ResumeTiming();
        const auto report = co_await (*log)->clean(order);
        state.PauseTiming();
        const double used = processor_seconds() - before;
        CHECK(report.has_value() && report->counts.kept_records > 0);
        const auto bytes = static_cast<double>(report->counts.bytes);
        state.SetBytesProcessed(static_cast<std::int64_t>(report->counts.bytes));
        state.counters["MB/core-s"] = bytes / 1e6 / used;
        state.counters["kept"] = static_cast<double>(report->counts.kept_records) /
                                 static_cast<double>(report->counts.records);
        co_await home.flusher().drain();
        CHECK((co_await (*log)->remove()).has_value());
        co_await home.close();
    }
};

void compact(benchmark::State& state) {
    const Content content{static_cast<std::size_t>(state.range(0)),
                          static_cast<wire::Codec>(state.range(1))};
    state.SetLabel(std::string(wire::codec_name(content.codec)));
    for (auto _ : state) {
        state.PauseTiming();
        const Folder folder;
        auto runtime = runtime::os::Runtime::make({.stop_on_signals = false});
        CHECK(runtime.has_value());
        const Compact body{state, content};
        const auto main = [&](unsigned) { return body(**runtime, folder.path()); };
        CHECK((*runtime)->run(main).has_value());
        state.ResumeTiming();
    }
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    using namespace cauce;
    benchmark::Initialize(&argc, argv);
    for (const std::int64_t value_bytes : {100, 1'000}) {
        for (const wire::Codec codec : {wire::Codec::none, wire::Codec::lz4, wire::Codec::zstd}) {
            benchmark::RegisterBenchmark("compact", bench::compact)
                ->Args({value_bytes, static_cast<std::int64_t>(codec)})
                ->Iterations(1)
                ->UseRealTime()
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
