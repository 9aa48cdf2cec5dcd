#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/metadata_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <benchmark/benchmark.h>

namespace cauce::wire {
namespace {

const Buffer& payload() {
    static const Buffer kPayload(16384, 0x5a);
    return kPayload;
}

template <typename Message>
void decode(benchmark::State& state, const Message& message, std::int16_t version) {
    Writer w;
    message.encode(w, version);
    const Buffer bytes = w.take();
    Message decoded;
    for (auto _ : state) {
        Reader r(bytes);
        decoded.decode(r, version);
        benchmark::DoNotOptimize(decoded);
        if (!r.ok()) return state.SkipWithError(r.error().c_str());
    }
    state.counters["bytes"] = static_cast<double>(bytes.size());
}

template <typename Message>
void encode(benchmark::State& state, const Message& message, std::int16_t version) {
    Writer w;
    for (auto _ : state) {
        w.clear();
        message.encode(w, version);
        benchmark::DoNotOptimize(w);
    }
    if (!w.ok()) state.SkipWithError(w.error().c_str());
}

ProduceRequest produce(std::int64_t partitions) {
    ProduceRequest request;
    auto& topic = request.topic_data.emplace_back();
    topic.topic_id = {1, 2};
    for (std::int32_t i = 0; i < partitions; ++i) {
        topic.partition_data.push_back({.index = i, .records = Records{payload()}});
    }
    return request;
}
void decode_produce(benchmark::State& state) {
    decode(state, produce(state.range(0)), 13);
}
BENCHMARK(decode_produce)->Arg(1)->Arg(100);

void encode_produce_response(benchmark::State& state) {
    ProduceResponse response;
    auto& topic = response.responses.emplace_back();
    topic.topic_id = {1, 2};
    topic.partition_responses.resize(static_cast<std::size_t>(state.range(0)));
    encode(state, response, 13);
}
BENCHMARK(encode_produce_response)->Arg(1)->Arg(100);

void decode_fetch(benchmark::State& state) {
    FetchRequest request;
    auto& topic = request.topics.emplace_back();
    topic.topic_id = {1, 2};
    topic.partitions.resize(static_cast<std::size_t>(state.range(0)));
    decode(state, request, 17);
}
BENCHMARK(decode_fetch)->Arg(1)->Arg(100);

void encode_fetch_response(benchmark::State& state) {
    FetchResponse response;
    auto& topic = response.responses.emplace_back();
    topic.topic_id = {1, 2};
    topic.partitions.resize(static_cast<std::size_t>(state.range(0)));
    for (auto& partition : topic.partitions)
        partition.records = Records{{}, 1 << 20};
    encode(state, response, 17);
}
BENCHMARK(encode_fetch_response)->Arg(1)->Arg(100);

void encode_metadata_response(benchmark::State& state) {
    MetadataResponse response;
    response.topics.resize(static_cast<std::size_t>(state.range(0)));
    static const std::string_view kName = "a.topic.of.usual.length";
    for (auto& topic : response.topics) {
        topic.name = kName;
        topic.partitions.resize(10);
        for (auto& partition : topic.partitions) {
            partition.replica_nodes = {1, 2, 3};
            partition.isr_nodes = {1, 2, 3};
        }
    }
    encode(state, response, 12);
}
BENCHMARK(encode_metadata_response)->Arg(1000);

}  // namespace
}  // namespace cauce::wire
