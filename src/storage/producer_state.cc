#include "storage/producer_state.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "base/mutant.h"

#include <algorithm>
#include <string>
#include <utility>

namespace cauce::storage {
namespace {

// The snapshot: version, CRC32C of all behind it, count, entries; then our own part, the count of
// earlier batches and those. All numbers big-endian.
constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCountAt = 6;
constexpr std::size_t kEntriesAt = 10;
constexpr std::size_t kEntrySize = 46;
constexpr std::size_t kEarlierSize = 32;
constexpr std::int16_t kSnapshotVersion = 1;

template <typename Integer>
void put(std::uint8_t*& at, Integer value) {
    store_big_endian(at, value);
    at += sizeof(Integer);
}

template <typename Integer>
Integer take(const std::uint8_t*& at) {
    const auto value = load_big_endian<Integer>(at);
    at += sizeof(Integer);
    return value;
}

Error refuse(ErrorCode code, const ProducerBatch& batch, const std::string& why) {
    return {code, "producer " + std::to_string(batch.producer_id.value) + " epoch " +
                      std::to_string(batch.producer_epoch) + " sequence " +
                      std::to_string(batch.first_sequence) + " at offset " +
                      std::to_string(batch.first_offset.value) + ": " + why};
}

bool follows(std::int32_t last, std::int32_t next) {
    return std::int64_t{next} == std::int64_t{last} + 1 || (next == 0 && last == INT32_MAX);
}

}  // namespace

ProducerState::Verdict ProducerState::check(const ProducerBatch& batch) const {
    const Producer* known = find(batch.producer_id);
    // Whoever is not known, perhaps because all its records are long gone, may begin anywhere
    // (KIP-360).
    if (known == nullptr) return Accept{};

    if (batch.producer_epoch == known->epoch) {
        for (std::size_t i = 0; i < known->kept; ++i) {
            const Appended& old = known->batches[i];
            if (old.last_sequence == batch.last_sequence &&
                old.first_sequence() == batch.first_sequence && !CAUCE_MUTANT("duplicate-unknown"))
                return Duplicate{old.first_offset(), old.last_offset, old.timestamp};
        }
    } else if (batch.producer_epoch < known->epoch) {
        return refuse(ErrorCode::invalid_producer_epoch, batch,
                      "the epoch is already " + std::to_string(known->epoch));
    }

    if (batch.producer_epoch != known->epoch) {
        if (batch.first_sequence != 0)
            return refuse(ErrorCode::out_of_order_sequence_number, batch,
                          "a new epoch begins with sequence 0");
    } else if (!follows(known->last_sequence(), batch.first_sequence)) {
        return refuse(ErrorCode::out_of_order_sequence_number, batch,
                      "the last sequence is " + std::to_string(known->last_sequence()));
    }

    if (known->transaction_start.value >= 0 && !batch.transactional)
        return refuse(ErrorCode::invalid_txn_state, batch,
                      "a transaction is open, and the batch is not part of one");
    return Accept{};
}

std::optional<Error> ProducerState::check(const EndTransaction& end) const {
    const Producer* known = find(end.producer_id);
    if (known == nullptr) return std::nullopt;
    if (end.producer_epoch < known->epoch)
        return Error{ErrorCode::invalid_producer_epoch,
                     "the epoch of producer " + std::to_string(end.producer_id.value) +
                         " is already " + std::to_string(known->epoch)};
    if (end.coordinator_epoch < known->coordinator_epoch)
        return Error{ErrorCode::transaction_coordinator_fenced,
                     "coordinator epoch " + std::to_string(end.coordinator_epoch) + " is behind " +
                         std::to_string(known->coordinator_epoch)};
    return std::nullopt;
}

void ProducerState::apply(const ProducerBatch& batch) {
    Producer& producer = find_or_add(batch.producer_id);
    if (producer.epoch != batch.producer_epoch) {
        producer.epoch = batch.producer_epoch;
        producer.kept = 0;
    }
    if (producer.kept == kBatchesKept) {
        std::ranges::move(producer.batches.begin() + 1, producer.batches.end(),
                          producer.batches.begin());
        --producer.kept;
    }
    producer.batches[producer.kept++] = {
        batch.last_sequence, static_cast<std::int32_t>(batch.last_offset - batch.first_offset),
        batch.last_offset, batch.max_timestamp};
    producer.last_timestamp = batch.max_timestamp;
    if (batch.transactional && producer.transaction_start.value < 0) {
        producer.transaction_start = batch.first_offset;
        // Offsets only grow, so the newest transaction is the last one.
        CHECK(open_.empty() || open_.back().first < batch.first_offset, batch.first_offset);
        open_.push_back({batch.first_offset, batch.producer_id});
    }
}

std::optional<ProducerState::Completed> ProducerState::apply(const EndTransaction& end) {
    Producer& producer = find_or_add(end.producer_id);
    if (producer.epoch != end.producer_epoch) {
        producer.epoch = end.producer_epoch;
        producer.kept = 0;
    }
    producer.coordinator_epoch = end.coordinator_epoch;
    producer.last_timestamp = end.timestamp;
    const Offset first = std::exchange(producer.transaction_start, Offset{-1});
    // A marker that ends nothing moves nothing.
    if (first.value < 0) return std::nullopt;

    const auto open = std::ranges::find(open_, first, &Open::first);
    CHECK(open != open_.end(), first, end.producer_id);
    open_.erase(open);
    const Completed completed{end.producer_id, first, end.offset, !end.commit};
    unreplicated_.insert(std::ranges::upper_bound(unreplicated_, first, {}, &Completed::first),
                         completed);
    return completed;
}

std::optional<Offset> ProducerState::first_unstable() const {
    if (open_.empty() && unreplicated_.empty()) return std::nullopt;
    if (unreplicated_.empty()) return open_.front().first;
    if (open_.empty()) return unreplicated_.front().first;
    return std::min(open_.front().first, unreplicated_.front().first);
}

void ProducerState::high_watermark_moved(Offset high_watermark) {
    std::erase_if(unreplicated_, [&](const Completed& c) { return c.last < high_watermark; });
}

Offset ProducerState::last_stable_before(const Completed& completed) const {
    return open_.empty() ? completed.last + 1 : open_.front().first;
}

void ProducerState::expire(WallTime now, milliseconds expiration) {
    std::erase_if(producers_, [&](const Producer& producer) {
        return producer.transaction_start.value < 0 &&
               now.ms - producer.last_timestamp >= expiration.count();
    });
}

void ProducerState::clear() {
    producers_.clear();
    open_.clear();
    unreplicated_.clear();
}

const ProducerState::Producer* ProducerState::find(ProducerId id) const {
    const auto at = std::ranges::lower_bound(producers_, id, {}, &Producer::id);
    return at != producers_.end() && at->id == id ? &*at : nullptr;
}

ProducerState::Producer& ProducerState::find_or_add(ProducerId id) {
    const auto at = std::ranges::lower_bound(producers_, id, {}, &Producer::id);
    if (at != producers_.end() && at->id == id) return *at;
    Producer producer;
    producer.id = id;
    return *producers_.insert(at, producer);
}

Buffer ProducerState::to_snapshot() const {
    std::size_t earlier = 0;
    for (const auto& producer : producers_)
        earlier += producer.kept == 0 ? 0u : producer.kept - 1u;
    const std::size_t entries = kEntriesAt + producers_.size() * kEntrySize;
    const std::size_t appendix = earlier == 0 ? 0 : sizeof(std::int32_t) + earlier * kEarlierSize;
    Buffer bytes(entries + appendix);
    store_big_endian(bytes.data(), kSnapshotVersion);
    store_big_endian(bytes.data() + kCountAt, static_cast<std::int32_t>(producers_.size()));
    std::uint8_t* at = bytes.data() + kEntriesAt;
    for (const auto& producer : producers_) {
        const Appended last =
            producer.kept == 0 ? Appended() : producer.batches[producer.kept - 1u];
        put(at, producer.id.value);
        put(at, producer.epoch);
        put(at, last.last_sequence);
        put(at, last.last_offset.value);
        put(at, last.offset_delta);
        put(at, producer.last_timestamp);
        put(at, producer.coordinator_epoch);
        put(at, producer.transaction_start.value);
    }
    if (earlier > 0) put(at, static_cast<std::int32_t>(earlier));
    for (const auto& producer : producers_) {
        for (std::size_t i = 0; i + 1 < producer.kept; ++i) {
            const Appended& batch = producer.batches[i];
            put(at, producer.id.value);
            put(at, batch.last_sequence);
            put(at, batch.last_offset.value);
            put(at, batch.offset_delta);
            put(at, batch.timestamp);
        }
    }
    store_big_endian(bytes.data() + kCrcAt, crc32c(BytesView(bytes).subspan(kCountAt)));
    return bytes;
}

std::optional<ProducerState> ProducerState::from_snapshot(BytesView bytes, WallTime now,
                                                          milliseconds expiration) {
    if (bytes.size() < kEntriesAt) return std::nullopt;
    if (load_big_endian<std::int16_t>(bytes.data()) != kSnapshotVersion) return std::nullopt;
    if (load_big_endian<std::uint32_t>(bytes.data() + kCrcAt) != crc32c(bytes.subspan(kCountAt)))
        return std::nullopt;
    const auto count = load_big_endian<std::int32_t>(bytes.data() + kCountAt);
    if (count < 0 || (bytes.size() - kEntriesAt) / kEntrySize < static_cast<std::size_t>(count))
        return std::nullopt;

    ProducerState state;
    state.producers_.reserve(static_cast<std::size_t>(count));
    const std::uint8_t* at = bytes.data() + kEntriesAt;
    for (std::int32_t i = 0; i < count; ++i) {
        Producer producer;
        Appended last;
        producer.id.value = take<std::int64_t>(at);
        producer.epoch = take<std::int16_t>(at);
        last.last_sequence = take<std::int32_t>(at);
        last.last_offset.value = take<std::int64_t>(at);
        last.offset_delta = take<std::int32_t>(at);
        producer.last_timestamp = last.timestamp = take<std::int64_t>(at);
        producer.coordinator_epoch = take<std::int32_t>(at);
        producer.transaction_start.value = take<std::int64_t>(at);
        if (last.last_offset.value >= 0) producer.batches[producer.kept++] = last;
        const bool in_transaction = producer.transaction_start.value >= 0;
        if (!in_transaction && now.ms - producer.last_timestamp >= expiration.count()) continue;
        if (in_transaction) state.open_.push_back({producer.transaction_start, producer.id});
        state.producers_.push_back(producer);
    }
    // Kafka writes them in no order.
    std::ranges::sort(state.producers_, {}, &Producer::id);
    std::ranges::sort(state.open_, {}, &Open::first);
    const auto twice = [](const auto& a, const auto& b) { return a == b; };
    if (std::ranges::adjacent_find(state.producers_, twice, &Producer::id) !=
        state.producers_.end())
        return std::nullopt;
    state.take_earlier(bytes.subspan(static_cast<std::size_t>(at - bytes.data())));
    return state;
}

void ProducerState::take_earlier(BytesView appendix) {
    // Kafka writes none. Whatever else may once stand here is not needed.
    if (appendix.size() < sizeof(std::int32_t)) return;
    const std::uint8_t* at = appendix.data();
    const auto count = take<std::int32_t>(at);
    if (count < 0 || appendix.size() != sizeof(count) + std::uint64_t(count) * kEarlierSize) return;
    for (std::int32_t i = 0; i < count; ++i) {
        const auto id = take<std::int64_t>(at);
        Appended batch;
        batch.last_sequence = take<std::int32_t>(at);
        batch.last_offset.value = take<std::int64_t>(at);
        batch.offset_delta = take<std::int32_t>(at);
        batch.timestamp = take<std::int64_t>(at);
        const auto known = std::ranges::lower_bound(producers_, ProducerId{id}, {}, &Producer::id);
        // Expired, or more than there can be.
        if (known == producers_.end() || known->id.value != id || known->kept == 0 ||
            known->kept == kBatchesKept)
            continue;
        // Oldest first, the newest of all is there already.
        known->batches[known->kept] = std::exchange(known->batches[known->kept - 1u], batch);
        ++known->kept;
    }
}

}  // namespace cauce::storage
