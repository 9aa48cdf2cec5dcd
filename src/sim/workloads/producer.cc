#include "sim/workloads/producer.h"

#include "base/error_code.h"
#include "sim/workloads/record_format.h"
#include "wire/messages/init_producer_id_request.h"
#include "wire/messages/init_producer_id_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <algorithm>
#include <set>

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::int16_t kFirstVersionWithZstd = 7;
constexpr std::int16_t kFirstVersionWithIds = 13;
// While all is quiet, this many requests and then a rest, on average.
constexpr std::uint64_t kBurst = 2;

}  // namespace

Producer::Producer(NodeSeams& seams, Load& load, ProducerOptions options)
    : seams_(seams),
      load_(load),
      options_(std::move(options)),
      progress_(load.take_part("producer")),
      process_(load.history.add_process()) {
    for (const TopicPartition& name : options_.partitions) {
        Partition& partition = partitions_.emplace_back();
        partition.name = name;
        partition.key = load.history.key(name.to_string());
        partition.next_number = options_.first_number;
    }
}

Task<void> Producer::run() {
    while (!load_.over() && !(load_.draining && batches_.empty())) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        bool ready = client != nullptr;
        if (ready && options_.idempotent && !producer_id_)
            ready = co_await get_producer_id(*client);
        if (ready) co_await produce(*client);
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

Task<bool> Producer::get_producer_id(BrokerClient& client) {
    wire::InitProducerIdRequest request;
    request.transactional_id.reset();
    request.transaction_timeout_ms = 60'000;
    const auto answer = co_await client.ask<wire::InitProducerIdResponse>(
        request, client.version<wire::InitProducerIdRequest>());
    if (!answer) co_return false;
    const ErrorCode error = error_code_from_wire(answer->body.error_code);
    if (error != ErrorCode::none) {
        if (!load_.may_come_again(error)) {
            load_.findings.add("InitProducerId: " + std::string(error_name(error)));
        }
        ++load_.retries;
        co_return false;
    }
    producer_id_ = ProducerId{answer->body.producer_id};
    producer_epoch_ = answer->body.producer_epoch;
    load_.topics.producer_id(*producer_id_);
    co_return true;
}

// Until the connection is gone, or everything is said.
Task<void> Producer::produce(BrokerClient& client) {
    in_flight_.clear();
    for (Batch& batch : batches_)
        batch.sent = false;
    bool rests = false;
    while (!load_.over()) {
        while (!rests && client.unanswered() < options_.requests_in_flight) {
            const bool unsent = !batches_.empty() && !batches_.back().sent;
            if (!unsent && load_.draining) break;
            if (!unsent) make_batches();
            if (batches_.empty() || batches_.back().sent) break;  // nothing may be sent just now
            const bool sent = co_await send_next(client);
            if (!sent) co_return;
            if (options_.acks == 0) break;
        }
        if (client.unanswered() == 0) {
            if (load_.draining && batches_.empty()) co_return;
            co_await rest(seams_, load_, options_.pause);
            rests = false;
            continue;
        }
        const bool usable = co_await take_answer(client);
        if (!usable) co_return;
        co_await pause(seams_, options_.pause);
        // Bursts, with a rest when the last answer is there.
        rests = rests ||
                (load_.quiet(seams_.shards.clock().now()) && seams_.shards.random().one_in(kBurst));
    }
}

// Batches for some of the partitions.
void Producer::make_batches() {
    runtime::Random& random = seams_.shards.random();
    // Two of them on average, now and then half of all.
    const std::uint64_t one_in = random.one_in(16) ? 2 : (partitions_.size() + 1) / 2;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
        Partition& partition = partitions_[i];
        if (options_.idempotent && !partition.known && partition.pending > 0) continue;
        if (partitions_.size() > 1 && !random.one_in(std::max<std::uint64_t>(one_in, 2))) continue;
        Batch batch;
        batch.partition = i;
        batch.first = partition.next_number;
        batch.count = static_cast<std::int32_t>(random.one_in(16) ? random.between(10, 80)
                                                                  : random.between(1, 5));
        wire::BatchOptions options;
        options.codec = options_.codec;
        options.producer_id = ProducerId{-1};
        if (options_.idempotent) {
            options.producer_id = *producer_id_;
            options.producer_epoch = producer_epoch_;
            options.base_sequence = partition.next_sequence;
            partition.next_sequence += batch.count;
        }
        batch.bytes =
            make_batch(options, batch.first, batch.count, seams_.shards.clock().wall().ms, random);
        batch.event = load_.history.events().size();
        for (std::int32_t record = 0; record < batch.count; ++record) {
            load_.records.sent(partition.name, batch.first + record, options_.idempotent);
            load_.history.begin_send(process_, partition.key, batch.first + record,
                                     options_.idempotent);
        }
        partition.next_number += batch.count;
        ++partition.pending;
        batches_.push_back(std::move(batch));
    }
}

// The oldest batches that were not sent, one a partition.
Task<bool> Producer::send_next(BrokerClient& client) {
    std::int16_t lowest = wire::ProduceRequest::kMinVersion;
    if (options_.codec == wire::Codec::zstd) lowest = kFirstVersionWithZstd;
    const std::int16_t version = client.version<wire::ProduceRequest>(lowest);
    wire::ProduceRequest request;
    request.acks = options_.acks;
    request.timeout_ms = 30'000;
    std::vector<Batches::iterator> chosen;
    std::set<std::size_t> partitions;
    for (auto batch = batches_.begin(); batch != batches_.end(); ++batch) {
        if (batch->sent) continue;
        if (!partitions.insert(batch->partition).second) break;
        const TopicPartition& name = partitions_[batch->partition].name;
        const auto same_topic = [&](const auto& topic) {
            return version >= kFirstVersionWithIds ? topic.topic_id == load_.ids.at(name.topic)
                                                   : topic.name == name.topic;
        };
        auto topic = std::ranges::find_if(request.topic_data, same_topic);
        if (topic == request.topic_data.end()) {
            topic = request.topic_data.emplace(request.topic_data.end());
            if (version >= kFirstVersionWithIds) {
                topic->topic_id = load_.ids.at(name.topic);
            } else {
                topic->name = name.topic;
            }
        }
        auto& data = topic->partition_data.emplace_back();
        data.index = name.partition;
        data.records.emplace();
        data.records->bytes = wire::Bytes(batch->bytes);
        batch->sent = true;
        chosen.push_back(batch);
    }
    const bool sent = co_await client.send(request, version);
    if (options_.acks == 0) {
        client.expect_no_answer();
        for (const auto& batch : chosen)
            forget(batch);
    } else {
        in_flight_.push_back(std::move(chosen));
    }
    co_return sent;
}

void Producer::forget(Batches::iterator batch) {
    ++progress_;
    --partitions_[batch->partition].pending;
    batches_.erase(batch);
}

Task<bool> Producer::take_answer(BrokerClient& client) {
    const auto answer = co_await client.receive<wire::ProduceResponse>();
    if (!answer) co_return false;
    std::vector<Batches::iterator> expected = std::move(in_flight_.front());
    in_flight_.pop_front();
    bool usable = true;
    for (const auto& topic : answer->body.responses) {
        for (const auto& part : topic.partition_responses) {
            const auto is_meant = [&](Batches::iterator batch) {
                const TopicPartition& name = partitions_[batch->partition].name;
                const bool same_topic = answer->version >= kFirstVersionWithIds
                                            ? topic.topic_id == load_.ids.at(name.topic)
                                            : topic.name == name.topic;
                return same_topic && part.index == name.partition;
            };
            const auto batch = std::ranges::find_if(expected, is_meant);
            if (batch == expected.end()) {
                load_.findings.add("Produce was answered for a partition that was not asked for");
                co_return false;
            }
            const Batches::iterator settled = *batch;
            expected.erase(batch);
            if (!settle(settled, part.error_code, part.base_offset, answer->version))
                usable = false;
        }
    }
    if (!expected.empty()) {
        load_.findings.add("Produce was not answered for every partition");
        co_return false;
    }
    co_return usable;
}

bool Producer::settle(Batches::iterator batch, std::int16_t code, std::int64_t base_offset,
                      std::int16_t version) {
    Partition& partition = partitions_[batch->partition];
    const ErrorCode error = error_code_from_wire(code);
    const bool known_already = error == ErrorCode::duplicate_sequence_number;
    if (error != ErrorCode::none && !known_already) {
        if (!load_.may_come_again(error)) {
            load_.findings.add("Produce " + std::to_string(version) + " to " +
                               partition.name.to_string() + " of records " +
                               std::to_string(batch->first) + " to " +
                               std::to_string(batch->first + batch->count - 1) + ": " +
                               std::string(error_name(error)));
        }
        ++load_.retries;
        return false;
    }
    partition.known = true;
    const bool promise = options_.acks == -1 || load_.one_ack_is_a_promise;
    for (std::int32_t i = 0; promise && i < batch->count; ++i) {
        std::optional<Offset> offset;
        if (!known_already) offset = Offset{base_offset + i};
        load_.records.acknowledged(partition.name, batch->first + i, offset);
        HistoryEvent& event = load_.history.at(batch->event + static_cast<std::size_t>(i));
        event.outcome = HistoryEvent::Outcome::ok;
        if (offset) event.offset = offset->value;
    }
    forget(batch);
    return true;
}

}  // namespace cauce::sim
