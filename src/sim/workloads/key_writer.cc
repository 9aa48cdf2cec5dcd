#include "sim/workloads/key_writer.h"

#include "sim/workloads/record_format.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::int64_t kEarliest = -2;
// Up to these, requests name topics.
constexpr std::int16_t kLastFetchWithNames = 12;
constexpr std::int16_t kLastProduceWithNames = 12;
constexpr std::int32_t kReadBytes = 1 << 20;
constexpr std::size_t kNumberBytes = sizeof(RecordNumber);

struct Write {
    int key = 0;
    KeyChecker::Content content = std::nullopt;
};

// A key is one byte, a value its number and some more bytes.
Buffer make_keyed_batch(const std::vector<Write>& writes, std::int64_t timestamp,
                        runtime::Random& random) {
    wire::BatchOptions options;
    options.producer_id = ProducerId{-1};
    wire::BatchBuilder builder(options);
    for (const Write& write : writes) {
        const Buffer key(1, static_cast<std::uint8_t>(write.key));
        Buffer bytes(kNumberBytes + random.below(200), 'v');
        std::optional<wire::Bytes> value;
        if (write.content) {
            store_big_endian(bytes.data(), *write.content);
            value = wire::Bytes(bytes);
        }
        builder.append(timestamp, wire::Bytes(key), value);
    }
    Result<Buffer> batch = builder.build();
    CHECK(batch.has_value());
    return std::move(*batch);
}

}  // namespace

KeyWriter::KeyWriter(NodeSeams& seams, Load& load, KeyWriterOptions options)
    : seams_(seams),
      load_(load),
      options_(std::move(options)),
      checker_(load.findings, options_.topic.name + "-0", options_.tombstones_stay) {}

Task<void> KeyWriter::run() {
    std::vector<TopicSpec> topics{options_.topic};
    co_await create_topics(seams_, load_, std::move(topics));
    std::uint64_t& progress = load_.take_part("key writer");
    bool has_read = false;
    while (!load_.over() && !(load_.draining && has_read)) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        bool usable = client != nullptr;
        while (usable && !load_.over()) {
            co_await rest(seams_, load_, milliseconds(300));
            if (load_.draining) {
                has_read = co_await read_all(*client);
                break;
            }
            const bool read = seams_.shards.random().one_in(8);
            if (read) {
                usable = co_await read_all(*client);
            } else {
                usable = co_await produce(*client);
            }
            if (usable) ++progress;
        }
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

bool KeyWriter::judge(const char* request, ErrorCode error) {
    if (error == ErrorCode::none) return true;
    ++load_.retries;
    if (!load_.may_come_again(error))
        load_.findings.add(std::string(request) + " of " + options_.topic.name + ": " +
                           std::string(error_name(error)));
    return false;
}

Task<bool> KeyWriter::produce(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    std::vector<Write> writes(static_cast<std::size_t>(random.between(1, 8)));
    for (Write& write : writes) {
        write.key = static_cast<int>(random.below(static_cast<std::uint64_t>(options_.keys)));
        if (!random.one_in(5)) write.content = next_number_++;
        checker_.sending(write.key, write.content);
    }
    const Buffer bytes = make_keyed_batch(writes, seams_.shards.clock().wall().ms, random);
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
    Offset offset{told.base_offset};
    for (const Write& write : writes) {
        checker_.acknowledged(write.key, write.content, offset);
        offset = offset + 1;
    }
    co_return true;
}

Task<std::optional<Offset>> KeyWriter::find_start(BrokerClient& client) {
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
    if (!answer) co_return std::nullopt;
    const auto& topics = answer->body.topics;
    if (topics.size() != 1 || topics[0].partitions.size() != 1) {
        load_.findings.add("ListOffsets was not answered for its partition");
        co_return std::nullopt;
    }
    const auto& told = topics[0].partitions[0];
    if (!judge("ListOffsets", error_code_from_wire(told.error_code))) co_return std::nullopt;
    const Offset start{told.offset};
    co_return start;
}

Task<bool> KeyWriter::read_all(BrokerClient& client) {
    const std::optional<Offset> start = co_await find_start(client);
    if (!start) co_return false;
    const std::int16_t version =
        client.version<wire::FetchRequest>(wire::FetchRequest::kMinVersion, kLastFetchWithNames);
    checker_.begin_pass();
    Offset next = *start;
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
        if (!judge("Fetch", error_code_from_wire(told.error_code))) co_return false;
        const Offset from = next;
        if (told.records) {
            // A batch may reach further than its last record.
            const auto pass = [&](const wire::BatchHeader& batch) {
                next = batch.last_offset() + 1;
            };
            bool malformed = false;
            const auto note = [&](const wire::Record& record) {
                const bool whole = record.key && record.key->size() == 1 &&
                                   (!record.value || record.value->size() >= kNumberBytes);
                if (!whole) {
                    malformed = true;
                    return;
                }
                KeyChecker::Content content;
                if (record.value) content = load_big_endian<RecordNumber>(record.value->data());
                checker_.seen(record.offset, record.key->data()[0], content);
            };
            const auto read = walk_batches(told.records->bytes, from, pass, note);
            if (!read || malformed) {
                load_.findings.add(
                    "Fetch of " + options_.topic.name + ": " +
                    (read ? std::string("a record that nobody sent") : read.error().message));
                co_return false;
            }
        }
        if (next.value >= told.high_watermark) {
            checker_.end_pass();
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
