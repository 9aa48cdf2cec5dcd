#include "sim/workloads/trimmer.h"

#include "sim/workloads/record_format.h"
#include "wire/messages/delete_records_request.h"
#include "wire/messages/delete_records_response.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <memory>
#include <utility>
#include <vector>

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kToHighWatermark = -1;
// Up to these, requests name topics.
constexpr std::int16_t kLastFetchWithNames = 12;
constexpr std::int16_t kLastProduceWithNames = 12;
constexpr std::int32_t kReadBytes = 1 << 20;

}  // namespace

Trimmer::Trimmer(NodeSeams& seams, Load& load, TrimmerOptions options)
    : seams_(seams),
      load_(load),
      options_(std::move(options)),
      checker_(load.findings, options_.topic.name + "-0", options_.retention, options_.durable) {}

Task<void> Trimmer::run() {
    std::vector<TopicSpec> topics{options_.topic};
    co_await create_topics(seams_, load_, std::move(topics));
    std::uint64_t& progress = load_.take_part("trimmer");
    bool looked = false;
    while (!load_.over() && !(load_.draining && looked)) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        bool usable = client != nullptr;
        while (usable && !load_.over()) {
            co_await rest(seams_, load_, milliseconds(400));
            if (load_.draining) {
                looked = co_await look(*client);
                break;
            }
            const std::uint64_t choice = seams_.shards.random().below(4);
            if (choice == 0) {
                usable = co_await remove(*client);
            } else if (choice == 1) {
                usable = co_await look(*client);
            } else {
                usable = co_await produce(*client);
            }
            if (usable) ++progress;
        }
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

bool Trimmer::judge(const char* request, ErrorCode error) {
    if (error == ErrorCode::none) return true;
    ++load_.retries;
    if (!load_.may_come_again(error))
        load_.findings.add(std::string(request) + " of " + options_.topic.name + ": " +
                           std::string(error_name(error)));
    return false;
}

// Whatever is not answered may be there or not: its numbers are not used again.
Task<bool> Trimmer::produce(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    const RecordNumber first = next_number_;
    const auto count = static_cast<std::int32_t>(random.between(1, 20));
    next_number_ += count;
    wire::BatchOptions batch;
    batch.producer_id = ProducerId{-1};
    const Buffer bytes = make_batch(batch, first, count, seams_.shards.clock().wall().ms, random);
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& topic = request.topic_data.emplace_back();
    topic.name = options_.topic.name;
    auto& partition = topic.partition_data.emplace_back();
    partition.index = 0;
    partition.records.emplace();
    partition.records->bytes = wire::Bytes(bytes);
    const std::int16_t version =
        client.version<wire::ProduceRequest>(request.kMinVersion, kLastProduceWithNames);
    const auto answer = co_await client.ask<wire::ProduceResponse>(request, version);
    if (!answer) co_return false;
    const auto& topics = answer->body.responses;
    if (topics.size() != 1 || topics[0].partition_responses.size() != 1) {
        load_.findings.add("Produce was not answered for its partition");
        co_return false;
    }
    const auto& told = topics[0].partition_responses[0];
    if (!judge("Produce", error_code_from_wire(told.error_code))) co_return false;
    checker_.acknowledged(first, count, Offset{told.base_offset});
    co_return true;
}

Task<bool> Trimmer::remove(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    const bool everything = random.one_in(8);
    const Offset before{random.between(0, checker_.end().value)};
    wire::DeleteRecordsRequest request;
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = options_.topic.name;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = 0;
    partition.offset = everything ? kToHighWatermark : before.value;
    // Up to the high watermark: what was not answered may be there, and goes too.
    checker_.removing(everything ? Offset{next_number_} : before);
    const std::int16_t version = client.version<wire::DeleteRecordsRequest>();
    const auto answer = co_await client.ask<wire::DeleteRecordsResponse>(request, version);
    if (!answer) co_return false;
    const auto& topics = answer->body.topics;
    if (topics.size() != 1 || topics[0].partitions.size() != 1) {
        load_.findings.add("DeleteRecords was not answered for its partition");
        co_return false;
    }
    const auto& told = topics[0].partitions[0];
    if (!judge("DeleteRecords", error_code_from_wire(told.error_code))) co_return false;
    const Offset start{told.low_watermark};
    if (start < before && !everything) {
        load_.findings.add("DeleteRecords before " + std::to_string(before.value) +
                           " was answered with a start of " + std::to_string(start.value));
    }
    // A start that retention moved further is no promise.
    checker_.removed(everything ? std::min(start, checker_.end()) : before);
    co_return true;
}

Task<bool> Trimmer::look(BrokerClient& client) {
    wire::ListOffsetsRequest request;
    request.replica_id = -1;
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = options_.topic.name;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = 0;
    partition.timestamp = kEarliest;
    const std::int16_t version = client.version<wire::ListOffsetsRequest>();
    const auto answer = co_await client.ask<wire::ListOffsetsResponse>(request, version);
    if (!answer) co_return false;
    const auto& topics = answer->body.topics;
    if (topics.size() != 1 || topics[0].partitions.size() != 1) {
        load_.findings.add("ListOffsets was not answered for its partition");
        co_return false;
    }
    const auto& told = topics[0].partitions[0];
    if (!judge("ListOffsets", error_code_from_wire(told.error_code))) co_return false;
    const Offset start{told.offset};
    checker_.start(start);
    co_return co_await read_from(client, start);
}

Task<bool> Trimmer::read_from(BrokerClient& client, Offset start) {
    const std::int16_t version =
        client.version<wire::FetchRequest>(wire::FetchRequest::kMinVersion, kLastFetchWithNames);
    checker_.begin_to_read(start);
    Offset next = start;
    while (!load_.over()) {
        wire::FetchRequest request;
        request.max_wait_ms = 0;
        request.min_bytes = 0;
        request.max_bytes = kReadBytes;
        request.session_id = 0;
        request.session_epoch = -1;
        auto& topic = request.topics.emplace_back();
        topic.topic = options_.topic.name;
        auto& partition = topic.partitions.emplace_back();
        partition.partition = 0;
        partition.fetch_offset = next.value;
        partition.partition_max_bytes = kReadBytes;
        const auto answer = co_await client.ask<wire::FetchResponse>(request, version);
        if (!answer) co_return false;
        if (!judge("Fetch", error_code_from_wire(answer->body.error_code))) co_return false;
        const auto& topics = answer->body.responses;
        if (topics.size() != 1 || topics[0].partitions.size() != 1) {
            load_.findings.add("Fetch was not answered for its partition");
            co_return false;
        }
        const auto& told = topics[0].partitions[0];
        const ErrorCode error = error_code_from_wire(told.error_code);
        // Retention went on meanwhile.
        if (error == ErrorCode::offset_out_of_range && options_.retention) co_return true;
        if (!judge("Fetch", error)) co_return false;
        const Offset from = next;
        if (told.records) {
            const auto any_batch = [](const wire::BatchHeader&) {};
            const auto note = [&](Offset offset, RecordNumber number) {
                checker_.seen(offset, number);
                next = offset + 1;
            };
            const auto read = read_batches(told.records->bytes, next, any_batch, note);
            if (!read) {
                load_.findings.add("Fetch of " + options_.topic.name + ": " + read.error().message);
                co_return false;
            }
        }
        if (next.value >= told.high_watermark) {
            checker_.has_read_all();
            co_return true;
        }
        if (next == from) {
            load_.findings.add("Fetch of " + options_.topic.name + " at " +
                               std::to_string(next.value) + " gave nothing, below " +
                               std::to_string(told.high_watermark));
            co_return false;
        }
    }
    co_return false;
}

}  // namespace cauce::sim
