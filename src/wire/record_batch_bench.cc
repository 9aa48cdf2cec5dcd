#include "wire/batch_builder.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <benchmark/benchmark.h>

#include <string>

namespace cauce::wire {
namespace {

// A batch of about 16 KiB with values of the given size.
Buffer batch_of(std::size_t value_bytes, Codec codec = Codec::none) {
    BatchBuilder builder({.codec = codec});
    const std::string value(value_bytes, 'v');
    for (int i = 0; builder.size_bytes() < 16384; ++i) {
        const std::string key = "key-" + std::to_string(i);
        builder.append(1'700'000'000'000 + i, Bytes(as_bytes(key)), Bytes(as_bytes(value)));
    }
    return builder.build().value();
}

void account(benchmark::State& state, const Buffer& bytes) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
    state.SetItemsProcessed(state.iterations() * parse_batch(bytes).value().count());
}

// What a Produce costs per batch: header, checksum, one walk over the records.
void check(benchmark::State& state) {
    const Buffer bytes = batch_of(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        const auto batch = parse_batch(bytes);
        benchmark::DoNotOptimize(check_batch(*batch));
    }
    account(state, bytes);
}
BENCHMARK(check)->Arg(10)->Arg(100)->Arg(1000);

void check_without_crc(benchmark::State& state) {
    const Buffer bytes = batch_of(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        const auto batch = parse_batch(bytes);
        benchmark::DoNotOptimize(check_batch(*batch, {.crc = false}));
    }
    account(state, bytes);
}
BENCHMARK(check_without_crc)->Arg(10)->Arg(100)->Arg(1000);

void iterate(benchmark::State& state) {
    const Buffer bytes = batch_of(100);
    const auto batch = parse_batch(bytes).value();
    for (auto _ : state) {
        RecordIterator records(batch, batch.body());
        for (Record r; records.next(r);)
            benchmark::DoNotOptimize(r);
    }
    account(state, bytes);
}
BENCHMARK(iterate);

void build(benchmark::State& state) {
    const auto codec = static_cast<Codec>(state.range(0));
    const Buffer bytes = batch_of(100, codec);
    for (auto _ : state)
        benchmark::DoNotOptimize(batch_of(100, codec));
    account(state, bytes);
}
BENCHMARK(build)->DenseRange(0, kCodecs - 1);

void open_compressed(benchmark::State& state) {
    const Buffer bytes = batch_of(100, static_cast<Codec>(state.range(0)));
    const auto batch = parse_batch(bytes).value();
    for (auto _ : state) {
        benchmark::DoNotOptimize(check_batch(batch, {.decompressed_bytes_max = 1 << 20}));
    }
    account(state, bytes);
}
BENCHMARK(open_compressed)->DenseRange(1, kCodecs - 1);

void append_time(benchmark::State& state) {
    Buffer bytes = batch_of(100);
    for (auto _ : state)
        patch_log_append_time(bytes, 1'700'000'000'000);
}
BENCHMARK(append_time);

}  // namespace
}  // namespace cauce::wire
