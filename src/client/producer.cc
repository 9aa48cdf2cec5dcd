#include "client/producer.h"

#include "base/check.h"
#include "wire/batch_builder.h"
#include "wire/messages/init_producer_id_request.h"
#include "wire/messages/init_producer_id_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <algorithm>
#include <limits>
#include <set>

namespace cauce::client {
namespace {

using runtime::Task;

constexpr std::int16_t kLastVersionByName = 12;
constexpr std::int16_t kFirstVersionOfZstd = 7;
// The transaction timeout of a producer without transactions: Kafka's clients send their default.
constexpr std::int32_t kNoTransactionTimeout = std::numeric_limits<std::int32_t>::max();

std::vector<wire::RecordHeader> header_views(const ProducerRecord& record) {
    std::vector<wire::RecordHeader> views;
    for (const auto& [name, value] : record.headers)
        views.push_back({name, value ? std::optional(wire::Bytes(*value)) : std::nullopt});
    return views;
}

std::optional<wire::Bytes> view_of(const std::optional<Buffer>& bytes) {
    if (!bytes) return std::nullopt;
    return wire::Bytes(*bytes);
}

std::size_t size_of(const ProducerRecord& record) {
    return wire::BatchBuilder::record_size_max(record.key ? record.key->size() : 0,
                                               record.value ? record.value->size() : 0,
                                               header_views(record));
}

// Sequences wrap from 2147483647 to 0.
std::int32_t sequence_after(std::int32_t sequence, std::size_t count) {
    const std::int64_t next = sequence + static_cast<std::int64_t>(count);
    constexpr std::int64_t kSpan = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
    return static_cast<std::int32_t>(next % kSpan);
}

Error to_error(const wire::ProduceResponse::PartitionProduceResponse& partition) {
    Error error{error_code_from_wire(partition.error_code), {}};
    if (partition.error_message) error.message = std::string(*partition.error_message);
    // The text about the first record that was refused says more than "some were".
    for (const auto& record : partition.record_errors) {
        if (!record.batch_index_error_message) continue;
        error.message = "record " + std::to_string(record.batch_index) +
                        " of its batch: " + std::string(*record.batch_index_error_message);
        break;
    }
    if (error.message.empty()) error.message = error_name(error.code);
    return error;
}

}  // namespace

Producer::Producer(Cluster& cluster, ProducerOptions options)
    : cluster_(cluster),
      shards_(cluster.shards()),
      options_(std::move(options)),
      tasks_(shards_.ready()) {
    if (options_.acks != Acks::all) options_.idempotent = false;
    tasks_.spawn(send_loop());
}

Producer::~Producer() = default;

// --- taking records

Task<Result<void>> Producer::send(ProducerRecord record, Delivered delivered) {
    CHECK(!closing_);
    const std::size_t size = size_of(record);
    if (size + wire::batch_layout::kHeaderBytes > options_.request_size_bytes_max)
        co_return fail(ErrorCode::message_too_large,
                       "the record takes " + std::to_string(size) + " bytes, max.request.size is " +
                           std::to_string(options_.request_size_bytes_max));
    if (record.timestamp < 0) record.timestamp = shards_.clock().wall().ms;
    while (buffered_bytes_ > 0 && buffered_bytes_ + size > options_.buffer_bytes_max && !aborted_)
        co_await room_.wait();
    ASSIGN_OR_CO_RETURN(const std::int32_t number, co_await choose_partition(record, size));
    if (aborted_) co_return fail(ErrorCode::network_exception, "interrupted");
    Partition& partition = topics_[record.topic].partitions[number];
    if (partition.name.topic.empty()) partition.name = {record.topic, number};
    append(partition, {std::move(record), std::move(delivered)}, size);
    co_return Result<void>();
}

Task<Result<std::int32_t>> Producer::choose_partition(const ProducerRecord& record,
                                                      std::size_t size_bytes) {
    const MonoTime deadline = cluster_.now() + options_.metadata_timeout;
    ASSIGN_OR_CO_RETURN(
        const TopicInfo* topic,
        co_await cluster_.find_topic(record.topic, options_.unknown_topics, deadline));
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    if (record.partition) {
        if (topic->partition(*record.partition)) co_return *record.partition;
        co_return fail(ErrorCode::unknown_topic_or_partition,
                       "topic " + record.topic + " has " + std::to_string(count) +
                           " partitions, numbered from 0; there is no partition " +
                           std::to_string(*record.partition));
    }
    if (record.key) co_return partition_for_key(*record.key, count);
    std::vector<std::int32_t> available;
    for (const auto& partition : topic->partitions)
        if (partition.leader.value >= 0) available.push_back(partition.partition);
    if (available.empty())  // Then any is as good as another: they all have to wait.
        for (const auto& partition : topic->partitions)
            available.push_back(partition.partition);
    co_return topics_[record.topic].sticky.choose(available, size_bytes, options_.batch_size_bytes,
                                                  shards_.random());
}

void Producer::append(Partition& partition, Pending pending, std::size_t size_bytes) {
    Batch* last = partition.batches.empty() ? nullptr : partition.batches.back().get();
    const bool fits = last && !last->full && last->encoded.empty() &&
                      !(partition.under_way && partition.batches.size() == 1) &&
                      last->size_bytes + size_bytes <= options_.batch_size_bytes;
    if (!fits) {
        if (last) last->full = true;
        last = partition.batches.emplace_back(std::make_unique<Batch>()).get();
        last->opened = cluster_.now();
        last->deadline = last->opened + options_.delivery_timeout;
        last->not_before = last->opened;
        last->size_bytes = wire::batch_layout::kHeaderBytes;
        ++batches_;
    }
    last->records.push_back(std::move(pending));
    last->size_bytes += size_bytes;
    buffered_bytes_ += size_bytes;
    if (last->size_bytes >= options_.batch_size_bytes) last->full = true;
    work_arrived_.notify_all();
}

// --- sending

Task<void> Producer::send_loop() {
    while (!aborted_ && !(closing_ && batches_ == 0)) {
        const MonoTime next = start_ready();
        co_await work_arrived_.wait_until(shards_.timers(), next);
    }
}

MonoTime Producer::ready_at(const Partition& partition) const {
    const Batch& first = *partition.batches.front();
    const bool at_once = first.full || flushing_ > 0 || closing_ || partition.batches.size() > 1;
    return std::max(first.not_before, at_once ? first.opened : first.opened + options_.linger);
}

MonoTime Producer::start_ready() {
    const MonoTime now = cluster_.now();
    MonoTime next = MonoTime::never();
    std::map<NodeId, std::vector<Partition*>> by_leader;
    for (auto& [topic_name, topic] : topics_) {
        for (auto& [number, partition] : topic.partitions) {
            while (!partition.under_way && !partition.batches.empty() &&
                   partition.batches.front()->deadline <= now) {
                Error late = partition.batches.front()->last_error;
                late.message = "not delivered in time" +
                               (late.message.empty() ? std::string() : ": " + late.message);
                late.code = ErrorCode::request_timed_out;
                fail_first(partition, late);
            }
            if (partition.under_way || partition.batches.empty()) continue;
            const MonoTime ready = ready_at(partition);
            if (ready > now) {
                next = std::min({next, ready, partition.batches.front()->deadline});
                continue;
            }
            partition.under_way = true;
            if (const auto leader = cluster_.known_leader(partition.name)) {
                by_leader[*leader].push_back(&partition);
            } else {
                tasks_.spawn(find_leader(partition));
            }
        }
    }
    for (auto& [leader, partitions] : by_leader) {
        std::vector<Partition*> request;
        std::size_t size = 0;
        for (Partition* partition : partitions) {
            const std::size_t adds = partition->batches.front()->size_bytes;
            if (!request.empty() && size + adds > options_.request_size_bytes_max) {
                tasks_.spawn(deliver(leader, std::exchange(request, {})));
                size = 0;
            }
            request.push_back(partition);
            size += adds;
        }
        tasks_.spawn(deliver(leader, std::move(request)));
    }
    return next;
}

Task<void> Producer::find_leader(Partition& partition) {
    const Result<NodeId> leader = co_await cluster_.leader(partition.name, options_.unknown_topics,
                                                           partition.batches.front()->deadline);
    if (!leader) decide(partition, leader.error());
    partition.under_way = false;
    work_arrived_.notify_all();
}

Task<void> Producer::deliver(NodeId leader, std::vector<Partition*> partitions) {
    MonoTime deadline = MonoTime::never();
    for (const Partition* partition : partitions)
        deadline = std::min(deadline, partition->batches.front()->deadline);
    const Result<void> exchanged = co_await exchange(leader, partitions, deadline);
    for (Partition* partition : partitions) {
        if (!exchanged) decide(*partition, exchanged.error());
        partition->under_way = false;
    }
    work_arrived_.notify_all();
}

Result<void> Producer::encode(Partition& partition) {
    Batch& batch = *partition.batches.front();
    if (!batch.encoded.empty()) return {};
    wire::BatchOptions options;
    options.codec = options_.codec;
    if (options_.idempotent) {
        batch.base_sequence = partition.next_sequence;
        partition.next_sequence = sequence_after(partition.next_sequence, batch.records.size());
        options.producer_id = partition.identity.id;
        options.producer_epoch = partition.identity.epoch;
        options.base_sequence = batch.base_sequence;
    }
    wire::BatchBuilder builder(options);
    for (const Pending& pending : batch.records) {
        const ProducerRecord& record = pending.record;
        builder.append(record.timestamp, view_of(record.key), view_of(record.value),
                       header_views(record));
    }
    ASSIGN_OR_RETURN(batch.encoded, builder.build());
    return {};
}

Task<Result<Producer::Identity>> Producer::identity(MonoTime deadline) {
    Backoff backoff = cluster_.new_backoff();
    while (!identity_) {
        if (identity_asked_) {
            const bool told = co_await identity_changed_.wait_until(shards_.timers(), deadline);
            if (!told) co_return fail(ErrorCode::request_timed_out, "no producer id in time");
            continue;
        }
        identity_asked_ = true;
        wire::InitProducerIdRequest request;
        request.transactional_id.reset();
        request.transaction_timeout_ms = kNoTransactionTimeout;
        const auto reply = co_await cluster_.call<wire::InitProducerIdResponse>(request, deadline);
        identity_asked_ = false;
        identity_changed_.notify_all();
        if (!reply) co_return std::unexpected(reply.error());
        const ErrorCode error = error_code_from_wire(reply->body.error_code);
        if (error == ErrorCode::none) {
            identity_ = {ProducerId{reply->body.producer_id}, reply->body.producer_epoch};
            break;
        }
        const bool again = is_retriable(error) && co_await cluster_.pause(backoff, deadline);
        if (!again)
            co_return fail(error,
                           "no producer id was given out: " + std::string(error_name(error)));
    }
    co_return *identity_;
}

Task<Result<void>> Producer::exchange(NodeId leader, std::vector<Partition*> partitions,
                                      MonoTime deadline) {
    for (Partition* partition : partitions) {
        if (!options_.idempotent || partition->identity.id.value >= 0) continue;
        ASSIGN_OR_CO_RETURN(partition->identity, co_await identity(deadline));
        partition->next_sequence = 0;
    }
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster_.node(leader, deadline));
    std::int16_t version_max = wire::ProduceRequest::kMaxVersion;
    for (const Partition* partition : partitions) {
        const TopicInfo* topic = cluster_.topic(partition->name.topic);
        if (!topic || topic->id.is_zero()) version_max = kLastVersionByName;
    }
    ASSIGN_OR_CO_RETURN(const std::int16_t version,
                        connection->version<wire::ProduceRequest>(version_max));
    if (options_.codec == wire::Codec::zstd && version < kFirstVersionOfZstd)
        co_return fail(ErrorCode::unsupported_compression_type,
                       connection->peer().to_string() + " is too old for zstd");

    wire::ProduceRequest request;
    request.acks = static_cast<std::int16_t>(options_.acks);
    request.timeout_ms = static_cast<std::int32_t>(
        std::chrono::duration_cast<milliseconds>(cluster_.options().request_timeout).count());
    for (Partition* partition : partitions) {
        CO_RETURN_IF_ERROR(encode(*partition));
        // Partitions of a topic stand together: start_ready() goes by topic.
        const std::string& name = partition->name.topic;
        if (request.topic_data.empty() || request.topic_data.back().name != name) {
            auto& topic = request.topic_data.emplace_back();
            topic.name = name;
            if (version > kLastVersionByName) topic.topic_id = cluster_.topic(name)->id;
        }
        auto& data = request.topic_data.back().partition_data.emplace_back();
        data.index = partition->name.partition;
        data.records = wire::Records{partition->batches.front()->encoded};
    }

    const MonoTime until = cluster_.request_deadline(deadline);
    if (options_.acks == Acks::none) {
        CO_RETURN_IF_ERROR(co_await connection->send(request, until, version));
        for (Partition* partition : partitions)
            settle(*partition, -1, -1);
        co_return Result<void>();
    }
    ASSIGN_OR_CO_RETURN(const auto reply,
                        co_await connection->call<wire::ProduceResponse>(request, until, version));
    for (const auto& node : reply.body.node_endpoints)
        cluster_.learn_node({NodeId{node.node_id},
                             {std::string(node.host), static_cast<std::uint16_t>(node.port)},
                             {}});
    for (const auto& topic : reply.body.responses) {
        const std::string* by_id = cluster_.topic_name(topic.topic_id);
        const std::string name(version > kLastVersionByName
                                   ? (by_id ? std::string_view(*by_id) : std::string_view())
                                   : topic.name);
        for (const auto& answer : topic.partition_responses) {
            const TopicPartition asked{name, answer.index};
            const auto found = std::ranges::find_if(
                partitions, [&](const Partition* p) { return p && p->name == asked; });
            if (found == partitions.end()) continue;  // Not asked for, or answered twice.
            Partition& partition = **found;
            *found = nullptr;
            const Error error = to_error(answer);
            if (error.code == ErrorCode::none) {
                settle(partition, answer.base_offset, answer.log_append_time_ms);
                continue;
            }
            const NodeId now_led_by{answer.current_leader.leader_id};
            if (is_stale_metadata(error.code)) cluster_.distrust(name);
            if (now_led_by.value >= 0)
                cluster_.learn_leader(partition.name, now_led_by,
                                      LeaderEpoch{answer.current_leader.leader_epoch});
            decide(partition, error);
        }
    }
    for (Partition* partition : partitions)
        if (partition)
            decide(*partition, {ErrorCode::network_exception, connection->peer().to_string() +
                                                                  " did not answer for " +
                                                                  partition->name.to_string()});
    co_return Result<void>();
}

// --- what becomes of a batch

std::unique_ptr<Producer::Batch> Producer::take_first(Partition& partition) {
    std::unique_ptr<Batch> batch = std::move(partition.batches.front());
    partition.batches.pop_front();
    --batches_;
    buffered_bytes_ -= batch->size_bytes - wire::batch_layout::kHeaderBytes;
    room_.notify_all();
    if (batches_ == 0) settled_.notify_all();
    return batch;
}

void Producer::settle(Partition& partition, std::int64_t base_offset, std::int64_t append_time) {
    const std::unique_ptr<Batch> batch = take_first(partition);
    for (std::size_t i = 0; i < batch->records.size(); ++i) {
        const Pending& pending = batch->records[i];
        Delivery delivery{partition.name, -1,
                          append_time >= 0 ? append_time : pending.record.timestamp};
        if (base_offset >= 0) delivery.offset = base_offset + static_cast<std::int64_t>(i);
        if (pending.delivered) pending.delivered(delivery);
    }
}

void Producer::fail_first(Partition& partition, const Error& error) {
    const std::unique_ptr<Batch> batch = take_first(partition);
    if (batch->base_sequence >= 0) {
        // The broker may have it or not: a later batch under the next sequence could be refused.
        // What follows goes under a new identity.
        if (identity_ && identity_->id == partition.identity.id) identity_.reset();
        partition.identity = {};
    }
    const Result<Delivery> failed = std::unexpected(error);
    for (const Pending& pending : batch->records)
        if (pending.delivered) pending.delivered(failed);
}

void Producer::try_again(Partition& partition, Error error) {
    Batch& batch = *partition.batches.front();
    if (!batch.backoff) batch.backoff = cluster_.new_backoff();
    batch.not_before = cluster_.now() + batch.backoff->next(shards_.random());
    batch.last_error = std::move(error);
}

void Producer::split_first(Partition& partition) {
    std::unique_ptr<Batch> whole = std::move(partition.batches.front());
    partition.batches.pop_front();
    // It was refused, so its sequences are free again.
    if (whole->base_sequence >= 0) partition.next_sequence = whole->base_sequence;
    const std::size_t half = whole->records.size() / 2;
    std::unique_ptr<Batch> parts[2];
    for (std::size_t i = 0; i < 2; ++i) {
        parts[i] = std::make_unique<Batch>();
        Batch& part = *parts[i];
        part.opened = whole->opened;
        part.deadline = whole->deadline;
        part.not_before = cluster_.now();
        part.full = true;
        part.size_bytes = wire::batch_layout::kHeaderBytes;
        const auto begin = whole->records.begin() + static_cast<std::ptrdiff_t>(i == 0 ? 0 : half);
        const auto end = i == 0 ? whole->records.begin() + static_cast<std::ptrdiff_t>(half)
                                : whole->records.end();
        for (auto pending = begin; pending != end; ++pending) {
            part.size_bytes += size_of(pending->record);
            part.records.push_back(std::move(*pending));
        }
    }
    partition.batches.push_front(std::move(parts[1]));
    partition.batches.push_front(std::move(parts[0]));
    ++batches_;
}

void Producer::decide(Partition& partition, Error error) {
    const Batch& batch = *partition.batches.front();
    const bool too_large = error.code == ErrorCode::message_too_large ||
                           error.code == ErrorCode::record_list_too_large;
    if (error.code == ErrorCode::duplicate_sequence_number) {
        // It is in the log; the answer to the first attempt was lost.
        settle(partition, -1, -1);
    } else if (too_large && batch.records.size() > 1) {
        split_first(partition);
    } else if (!aborted_ && (is_retriable(error.code) || is_network_error(error.code))) {
        if (is_network_error(error.code)) cluster_.distrust(partition.name.topic);
        try_again(partition, std::move(error));
    } else {
        fail_first(partition, error);
    }
}

// --- ending

Task<void> Producer::flush() {
    ++flushing_;
    work_arrived_.notify_all();
    while (batches_ > 0)
        co_await settled_.wait();
    --flushing_;
}

Task<void> Producer::close() {
    co_await flush();
    closing_ = true;
    work_arrived_.notify_all();
    co_await tasks_.join();
}

void Producer::abort() {
    aborted_ = true;
    const Error interrupted{ErrorCode::network_exception, "interrupted"};
    for (auto& [topic_name, topic] : topics_) {
        for (auto& [number, partition] : topic.partitions) {
            // What is under way is seen to by its task, when the call comes back.
            std::unique_ptr<Batch> under_way;
            if (partition.under_way) {
                under_way = std::move(partition.batches.front());
                partition.batches.pop_front();
            }
            while (!partition.batches.empty())
                fail_first(partition, interrupted);
            if (under_way) partition.batches.push_front(std::move(under_way));
        }
    }
    work_arrived_.notify_all();
    room_.notify_all();
}

}  // namespace cauce::client
