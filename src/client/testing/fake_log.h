// For tests: partitions that take batches as a broker does: checks them, gives out offsets, refuses
// sequences that do not follow, and gives the batches back to fetches.
#pragma once

#include "client/testing/fake_broker.h"
#include "client/testing/fake_metadata.h"
#include "wire/batch_builder.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/init_producer_id_request.h"
#include "wire/messages/init_producer_id_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::client::testing {

struct StoredRecord {
    std::int64_t offset = 0;
    std::int64_t timestamp = 0;
    std::string key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
};

class FakeLog {
public:
    struct Partition {
        std::vector<StoredRecord> records;
        std::vector<Buffer> batches;  // as stored, base offset patched
        wire::Codec codec = wire::Codec::none;
        // By producer id: the next sequence, and base sequence and offset of the last batch.
        std::map<std::int64_t, std::int32_t> next_sequence;
        std::map<std::int64_t, std::pair<std::int32_t, std::int64_t>> last_batch;
        int appends = 0;
        std::int64_t start = 0;                                      // below, records are gone
        std::vector<std::pair<std::int64_t, std::int64_t>> aborted;  // producer, first offset
    };

    explicit FakeLog(FakeMetadata& metadata) : metadata_(metadata) {}

    std::map<TopicPartition, Partition> partitions;
    // Asked before a batch is taken; an error is answered instead.
    std::function<ErrorCode(const TopicPartition&, const wire::BatchHeader&)> refuse;
    // Asked after all batches of a request were taken.
    std::function<void(Manner&)> after;
    std::int64_t producer_ids_given = 0;
    // Asked before a partition is read.
    std::function<ErrorCode(const TopicPartition&)> refuse_read;
    // A partition's bytes may be cut or changed before they are sent.
    std::function<void(Buffer&)> tamper;
    int fetches = 0;

    // Without a producer: one batch of these values.
    void add(const TopicPartition& tp, const std::vector<std::string>& values,
             wire::BatchOptions options = {}, std::int64_t timestamp = 1000) {
        Partition& partition = partitions[tp];
        options.base_offset = Offset{static_cast<std::int64_t>(partition.records.size())};
        wire::BatchBuilder builder(options);
        for (const std::string& value : values) {
            const auto offset = static_cast<std::int64_t>(partition.records.size());
            partition.records.push_back({offset, timestamp, "<null>", value, {}});
            builder.append(timestamp, std::nullopt, wire::Bytes(as_bytes(value)));
        }
        partition.batches.push_back(*builder.build());
    }

    // `broker` (node `id`) answers Fetch and ListOffsets from here on.
    void serve_reads(FakeBroker& broker, std::int32_t id,
                     std::int16_t max = wire::FetchRequest::kMaxVersion) {
        broker.on<wire::FetchRequest, wire::FetchResponse>(
            [this, id, &broker](const wire::FetchRequest& request, std::int16_t version,
                                Manner& manner) {
                return read(request, version, id, broker, manner);
            },
            4, max);
        broker.on<wire::ListOffsetsRequest, wire::ListOffsetsResponse>(
            [this, id, &broker](const wire::ListOffsetsRequest& request) {
                return find_offsets(request, id, broker);
            });
    }

    // `broker` (node `id`) takes Produce and InitProducerId from here on.
    void serve(FakeBroker& broker, std::int32_t id,
               std::int16_t max = wire::ProduceRequest::kMaxVersion) {
        broker.on<wire::InitProducerIdRequest, wire::InitProducerIdResponse>(
            [this](const wire::InitProducerIdRequest&) {
                wire::InitProducerIdResponse response;
                response.producer_id = 1000 + producer_ids_given++;
                response.producer_epoch = 0;
                return response;
            });
        broker.on<wire::ProduceRequest, wire::ProduceResponse>(
            [this, id](const wire::ProduceRequest& request, std::int16_t version, Manner& manner) {
                wire::ProduceResponse response = answer(request, version, id);
                if (request.acks == 0) manner.silent = true;
                if (after) after(manner);
                return response;
            },
            3, max);
    }

private:
    bool is_led_by(std::int32_t node, const std::string& name, std::int32_t partition) {
        const auto& leaders = metadata_.topics[name].leaders;
        const auto index = static_cast<std::size_t>(partition);
        return index < leaders.size() && leaders[index] == node;
    }

    wire::FetchResponse read(const wire::FetchRequest& request, std::int16_t version,
                             std::int32_t node, FakeBroker& broker, Manner& manner) {
        ++fetches;
        wire::FetchResponse response;
        bool anything = false;
        for (const auto& topic : request.topics) {
            auto& out = response.responses.emplace_back();
            std::string name(topic.topic);
            if (version >= 13) {
                const std::string* found = metadata_.name_of(topic.topic_id);
                name = found ? *found : std::string();
                out.topic_id = topic.topic_id;
            } else {
                out.topic = topic.topic;
            }
            for (const auto& asked : topic.partitions) {
                auto& data = out.partitions.emplace_back();
                data.partition_index = asked.partition;
                data.records = wire::Records();
                const TopicPartition tp{name, asked.partition};
                if (!is_led_by(node, name, asked.partition)) {
                    data.error_code = to_wire(ErrorCode::not_leader_or_follower);
                    anything = true;
                    continue;
                }
                const Partition& partition = partitions[tp];
                const auto end = static_cast<std::int64_t>(partition.records.size());
                data.high_watermark = data.last_stable_offset = end;
                ErrorCode error = refuse_read ? refuse_read(tp) : ErrorCode::none;
                if (error == ErrorCode::none &&
                    (asked.fetch_offset < partition.start || asked.fetch_offset > end))
                    error = ErrorCode::offset_out_of_range;
                data.error_code = to_wire(error);
                anything = anything || error != ErrorCode::none;
                if (error != ErrorCode::none) continue;
                if (request.isolation_level == 1) {
                    auto& aborted = data.aborted_transactions.emplace();
                    for (const auto& [producer, first] : partition.aborted) {
                        auto& entry = aborted.emplace_back();
                        entry.producer_id = producer;
                        entry.first_offset = first;
                    }
                }
                Buffer bytes;
                for (const Buffer& batch : partition.batches) {
                    const auto header = wire::parse_batch(batch);
                    if (header->last_offset().value < asked.fetch_offset) continue;
                    const auto most = static_cast<std::size_t>(asked.partition_max_bytes);
                    if (!bytes.empty() && bytes.size() + batch.size() > most) break;
                    bytes.insert(bytes.end(), batch.begin(), batch.end());
                }
                if (tamper) tamper(bytes);
                anything = anything || !bytes.empty();
                data.records = wire::Records{as_bytes(broker.keep(std::string(as_text(bytes))))};
            }
        }
        if (!anything) manner.delay = milliseconds(request.max_wait_ms);
        return response;
    }

    wire::ListOffsetsResponse find_offsets(const wire::ListOffsetsRequest& request,
                                           std::int32_t node, FakeBroker& broker) {
        wire::ListOffsetsResponse response;
        for (const auto& topic : request.topics) {
            auto& out = response.topics.emplace_back();
            const std::string name(topic.name);
            out.name = broker.keep(name);
            for (const auto& asked : topic.partitions) {
                auto& found = out.partitions.emplace_back();
                found.partition_index = asked.partition_index;
                if (!is_led_by(node, name, asked.partition_index)) {
                    found.error_code = to_wire(ErrorCode::not_leader_or_follower);
                    continue;
                }
                const Partition& partition = partitions[{name, asked.partition_index}];
                if (asked.timestamp == -2) {
                    found.offset = partition.start;
                } else if (asked.timestamp == -1) {
                    found.offset = static_cast<std::int64_t>(partition.records.size());
                } else {
                    for (const StoredRecord& record : partition.records) {
                        if (record.timestamp < asked.timestamp) continue;
                        found.offset = record.offset;
                        found.timestamp = record.timestamp;
                        break;
                    }
                }
            }
        }
        return response;
    }

    wire::ProduceResponse answer(const wire::ProduceRequest& request, std::int16_t version,
                                 std::int32_t node) {
        wire::ProduceResponse response;
        for (const auto& topic : request.topic_data) {
            auto& out = response.responses.emplace_back();
            std::string name(topic.name);
            if (version >= 13) {
                const std::string* found = metadata_.name_of(topic.topic_id);
                EXPECT_TRUE(found);
                if (found) name = *found;
                out.topic_id = topic.topic_id;
            } else {
                out.name = topic.name;
            }
            for (const auto& data : topic.partition_data) {
                auto& answered = out.partition_responses.emplace_back();
                answered.index = data.index;
                answered.base_offset = -1;
                const TopicPartition tp{name, data.index};
                const auto& leaders = metadata_.topics[name].leaders;
                if (leaders[static_cast<std::size_t>(data.index)] != node) {
                    answered.error_code = to_wire(ErrorCode::not_leader_or_follower);
                    continue;
                }
                EXPECT_TRUE(data.records.has_value());
                const ErrorCode error = append(tp, data.records->bytes, answered.base_offset);
                answered.error_code = to_wire(error);
            }
        }
        return response;
    }

    ErrorCode append(const TopicPartition& tp, BytesView bytes, std::int64_t& base_offset) {
        const auto batch = wire::parse_batch(bytes);
        EXPECT_TRUE(batch) << batch.error().message;
        if (!batch) return ErrorCode::corrupt_message;
        EXPECT_EQ(batch->size_bytes(), bytes.size()) << "one batch a partition and request";
        const auto sound = wire::check_batch(*batch, {.decompressed_bytes_max = 64 << 20});
        EXPECT_TRUE(sound) << sound.error().message;
        if (refuse) {
            const ErrorCode refused = refuse(tp, *batch);
            if (refused != ErrorCode::none) return refused;
        }
        Partition& partition = partitions[tp];
        base_offset = static_cast<std::int64_t>(partition.records.size());
        if (batch->has_producer_id()) {
            const std::int64_t id = batch->producer_id().value;
            const std::int32_t sequence = batch->base_sequence();
            const auto last = partition.last_batch.find(id);
            if (last != partition.last_batch.end() && last->second.first == sequence) {
                base_offset = last->second.second;  // A batch we have: the same answer again.
                return ErrorCode::none;
            }
            const auto next = partition.next_sequence.find(id);
            if (next != partition.next_sequence.end() && next->second != sequence)
                return ErrorCode::out_of_order_sequence_number;
            partition.next_sequence[id] = sequence + batch->count();
            partition.last_batch[id] = {sequence, base_offset};
        }
        ++partition.appends;
        partition.codec = batch->codec();
        Buffer stored(bytes.begin(), bytes.end());
        wire::patch_base_offset(stored, Offset{base_offset});
        Buffer unpacked;
        const auto body = wire::records_of(*batch, 64 << 20, unpacked);
        EXPECT_TRUE(body);
        wire::RecordIterator records(*batch, *body);
        for (wire::Record record; records.next(record);) {
            StoredRecord& out = partition.records.emplace_back();
            out.offset = base_offset + record.offset.value;
            out.timestamp = record.timestamp;
            out.key = record.key ? std::string(as_text(*record.key)) : "<null>";
            out.value = record.value ? std::string(as_text(*record.value)) : "<null>";
            for (const auto& header : record.headers)
                out.headers.emplace_back(
                    header.key, header.value ? std::string(as_text(*header.value)) : "<null>");
        }
        EXPECT_TRUE(records.ok()) << records.error();
        partition.batches.push_back(std::move(stored));
        return ErrorCode::none;
    }

    FakeMetadata& metadata_;
};

}  // namespace cauce::client::testing
