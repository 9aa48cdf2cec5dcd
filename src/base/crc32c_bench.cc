#include "base/crc32c.h"

#include <benchmark/benchmark.h>

namespace cauce {
namespace {

void checksum(benchmark::State& state, const Crc32cWay& way) {
    if (!way.usable) return state.SkipWithError("not on this processor");
    const Buffer bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
    for (auto _ : state)
        benchmark::DoNotOptimize(way.run(bytes, 0));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

const bool kRegistered = [] {
    for (const Crc32cWay& way : crc32c_ways()) {
        benchmark::RegisterBenchmark((std::string("crc32c/") + way.name).c_str(), checksum, way)
            ->Arg(100)
            ->Arg(1 << 10)
            ->Arg(16 << 10)
            ->Arg(1 << 20);
    }
    return true;
}();

}  // namespace
}  // namespace cauce
