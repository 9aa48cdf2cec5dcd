#include "coordinator/served_partition.h"

#include "base/check.h"
#include "base/sim_maybe.h"
#include "coordinator/host.h"
#include "wire/control_batch.h"
#include "wire/legacy_message.h"
#include "wire/record.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace cauce::coordinator {
namespace {

// A batch of a log that Apache Kafka wrote may be compressed; it holds no more than this.
constexpr std::size_t kDecompressedBytesMax = 64 * 1024 * 1024;

// Groups looked at for expired offsets before others get a turn.
constexpr std::size_t kGroupsPerTurn = 100;

}  // namespace

// --- loading ---

// Feeds what is read to the groups. Stops at the first thing that cannot be part of a sound log.
class ServedPartition::Loader final : public OffsetsLog::BatchSink {
public:
    explicit Loader(ServedPartition& partition) : partition_(partition) {}

    bool on_batches(BytesView batches) override {
        while (!batches.empty()) {
            if (partition_.phase_ != Phase::loading) return false;
            if (wire::is_legacy(batches)) {
                const Result<wire::LegacyMessage> message = wire::parse_legacy_message(batches);
                if (!message) return stop(message.error().message);
                if (!replay(*message)) return false;
                batches = batches.subspan(message->size_bytes());
                continue;
            }
            const Result<wire::BatchHeader> batch = wire::parse_batch(batches);
            if (!batch) return stop(batch.error().message);
            if (!replay(*batch)) return false;
            batches = batches.subspan(batch->size_bytes());
        }
        return true;
    }

    const std::string& error() const { return error_; }
    std::size_t records() const { return records_; }
    std::size_t not_understood() const { return not_understood_; }
    const std::string& first_not_understood() const { return first_not_understood_; }

private:
    bool replay(const wire::BatchHeader& batch) {
        const Result<BytesView> body = wire::records_of(batch, kDecompressedBytesMax, storage_);
        if (!body) return stop(body.error().message);
        wire::RecordIterator records(batch, *body);
        const ProducerId transaction =
            batch.is_transactional() ? batch.producer_id() : ProducerId{};
        for (wire::Record record; records.next(record); ++records_) {
            if (batch.is_control()) {
                end_transaction(batch, record);
                continue;
            }
            replay(record, transaction);
        }
        return records.ok() || stop(records.error());
    }

    // What brokers of before 0.11 wrote: no transactions yet, so it is plain records.
    bool replay(const wire::LegacyMessage& message) {
        const auto records = wire::records_of(message, kDecompressedBytesMax, storage_);
        if (!records) return stop(records.error().message);
        for (const wire::Record& record : *records)
            replay(record, ProducerId{});
        records_ += records->size();
        return true;
    }

    void replay(const wire::Record& record, ProducerId transaction) {
        group::RecordView view;
        if (record.key) view.key = *record.key;
        if (record.value) view.value = *record.value;
        if (partition_.groups_.replay(view, record.offset, transaction) ==
            group::Groups::Replayed::applied) {
            return;
        }
        // Another group protocol's record, or one of a future version: of no use to us.
        if (not_understood_++ == 0) {
            first_not_understood_ = "offset " + std::to_string(record.offset.value);
        }
    }

    void end_transaction(const wire::BatchHeader& batch, const wire::Record& record) {
        const std::optional<wire::ControlType> type = wire::control_type(record);
        if (type != wire::ControlType::abort && type != wire::ControlType::commit) return;
        partition_.groups_.replay_transaction_end(batch.producer_id(),
                                                  type == wire::ControlType::commit);
    }

    bool stop(std::string error) {
        error_ = std::move(error);
        return false;
    }

    ServedPartition& partition_;
    Buffer storage_;
    std::size_t records_ = 0;
    std::size_t not_understood_ = 0;
    std::string first_not_understood_;
    std::string error_;
};

runtime::Task<void> ServedPartition::load() {
    const MonoTime start = host_.now().mono;
    Loader loader(*this);
    const Result<void> read = co_await log_.read_all(loader);
    if (phase_ != Phase::loading) co_return;
    const std::string name = "__consumer_offsets-" + std::to_string(partition_);
    if (!read || !loader.error().empty()) {
        phase_ = Phase::failed;
        host_.log_.error("cannot load the groups of " + name + ": " +
                         (read ? loader.error() : read.error().message));
        co_return;
    }
    if (loader.not_understood() != 0) {
        host_.log_.warn(name + ": " + std::to_string(loader.not_understood()) +
                        " records of other group protocols or newer versions were passed over, "
                        "the first at " +
                        loader.first_not_understood());
    }
    phase_ = Phase::serving;
    group::Effects effects;
    groups_.loaded(host_.now(), effects);
    carry_out(effects);
    if (loader.records() != 0 && host_.log_.enabled(LogLevel::info)) {
        const auto took =
            std::chrono::duration_cast<milliseconds>(host_.now().mono - start).count();
        host_.log_.info(name + ": loaded " + std::to_string(groups_.size()) + " groups from " +
                        std::to_string(loader.records()) + " records in " + std::to_string(took) +
                        " ms, leader epoch " + std::to_string(epoch_.value));
    }
}

// --- life ---

ServedPartition::ServedPartition(Host& host, std::int32_t partition, LeaderEpoch epoch,
                                 OffsetsLog& log)
    : host_(host),
      partition_(partition),
      epoch_(epoch),
      log_(log),
      groups_(host.config_, host.log_) {}

ServedPartition::~ServedPartition() {
    for (std::vector<Write>* writes : {&queue_, &in_flight_})
        for (Write& write : *writes)
            if (write.commit != nullptr) write.commit->partition_ = nullptr;
}

runtime::Task<void> ServedPartition::run(std::shared_ptr<ServedPartition> self) {
    co_await self->load();
    if (self->phase_ == Phase::serving) co_await self->write();
    self->finished_.set();
}

void ServedPartition::resign() {
    CHECK(phase_ != Phase::resigned, partition_);
    phase_ = Phase::resigned;
    group::Effects effects;
    groups_.unload(ErrorCode::not_coordinator, effects);
    for (group::Effects::Reply& reply : effects.replies)
        host_.answer(reply);
    // What is under way may still be committed; nobody here will know.
    for (std::vector<Write>* writes : {&in_flight_, &queue_})
        for (Write& write : *writes)
            if (write.commit != nullptr) {
                std::exchange(write.commit, nullptr)->tell(ErrorCode::not_leader_or_follower);
            }
    queue_.clear();
    done_ = queued_;
    progress_.notify_all();
    work_.notify_all();
}

runtime::Event::Wait ServedPartition::finished_until(MonoTime deadline) {
    return finished_.wait_until(host_.shards_.timers(), deadline);
}

// --- the log ---

ServedPartition::Commit::~Commit() {
    if (partition_ == nullptr) return;
    for (std::vector<Write>* writes : {&partition_->queue_, &partition_->in_flight_})
        for (Write& write : *writes)
            if (write.commit == this) write.commit = nullptr;
}

void ServedPartition::Commit::tell(ErrorCode error) {
    partition_ = nullptr;
    error_ = error;
    done_.set();
}

void ServedPartition::append(group::Append append, Commit* commit) {
    CHECK(phase_ == Phase::serving && !append.records.empty(), partition_);
    const MonoTime deadline = host_.now().mono + host_.config_.commit_timeout;
    queue_.push_back({std::move(append), deadline, commit});
    ++queued_;
    host_.wake_by(deadline);
    work_.notify_all();
}

void ServedPartition::carry_out(group::Effects& effects, Commit* commit) {
    for (group::Effects::Reply& reply : effects.replies)
        host_.answer(reply);
    for (std::size_t i = 0; i < effects.appends.size(); ++i) {
        const bool last = i + 1 == effects.appends.size();
        append(std::move(effects.appends[i]), last ? commit : nullptr);
    }
    effects.clear();
    host_.wake_by(groups_.next_deadline());
}

std::vector<TopicPartition> ServedPartition::under_way(std::string_view group_id) const {
    std::vector<TopicPartition> positions;
    for (const std::vector<Write>* writes : {&in_flight_, &queue_}) {
        for (const Write& write : *writes) {
            const group::RecordList& records = write.append.records;
            for (std::size_t i = 0; i < records.size(); ++i) {
                const auto subject = group::subject_of(records[i].key);
                if (!subject || !subject->topic || subject->group_id != group_id) continue;
                positions.push_back({std::string(*subject->topic), subject->partition});
            }
        }
    }
    return positions;
}

runtime::Task<bool> ServedPartition::settled(MonoTime deadline) {
    const std::uint64_t target = queued_;
    while (done_ < target) {
        const bool notified = co_await progress_.wait_until(host_.shards_.timers(), deadline);
        if (!notified) co_return false;
    }
    co_return true;
}

runtime::Task<void> ServedPartition::write() {
    while (phase_ == Phase::serving) {
        if (queue_.empty() && !has_chores()) {
            co_await work_.wait();
            continue;
        }
        // Whoever is ready now gets into the same batch.
        co_await runtime::yield();
        if (has_chores()) co_await do_chores();
        if (phase_ != Phase::serving) co_return;
        Buffer batch = take_batch();
        if (in_flight_.empty()) continue;
        const Result<Offset> result = co_await log_.append(std::move(batch));
        if (phase_ != Phase::serving) co_return;
        finish_batch(result);
    }
}

Buffer ServedPartition::take_batch() {
    const std::int64_t timestamp = host_.now().wall.ms;
    const std::size_t bytes_max = host_.config_.batch_bytes_max;
    std::size_t taken = 0;
    for (; taken < queue_.size(); ++taken) {
        const group::RecordList& records = queue_[taken].append.records;
        std::size_t bytes = wire::batch_layout::kHeaderBytes;
        for (std::size_t i = 0; i < records.size(); ++i) {
            const group::RecordView record = records[i];
            bytes += wire::BatchBuilder::record_size_max(record.key.size(),
                                                         record.value ? record.value->size() : 0);
        }
        if (bytes > bytes_max) {
            // No batch can hold it. Those in front of it go first, in their order.
            if (taken != 0) break;
            Write refused = std::move(queue_.front());
            queue_.erase(queue_.begin());
            tell(refused, ErrorCode::message_too_large);
            ++done_;
            progress_.notify_all();
            return {};
        }
        const std::size_t others = builder_.size_bytes() - wire::batch_layout::kHeaderBytes;
        if (taken != 0 && (others + bytes > bytes_max || sim_maybe("group.batch_alone"))) break;
        for (std::size_t i = 0; i < records.size(); ++i) {
            const group::RecordView record = records[i];
            std::optional<wire::Bytes> value;
            if (record.value) value = *record.value;
            builder_.append(timestamp, wire::Bytes(record.key), value);
        }
    }
    DCHECK(in_flight_.empty());
    if (taken == queue_.size()) {
        in_flight_.swap(queue_);
    } else {
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(taken);
        std::move(queue_.begin(), end, std::back_inserter(in_flight_));
        queue_.erase(queue_.begin(), end);
    }
    if (builder_.count() == 0) return {};
    Result<Buffer> batch = builder_.build();
    CHECK(batch.has_value(), "an uncompressed batch always succeeds");
    return std::move(*batch);
}

void ServedPartition::finish_batch(const Result<Offset>& result) {
    if (!result && host_.log_.enabled(LogLevel::warn)) {
        host_.log_.warn(
            "__consumer_offsets-" + std::to_string(partition_) + ": records were not committed: " +
            std::string(error_name(result.error().code)) + " " + result.error().message);
    }
    // Committing may make new writes: they go to the queue, this batch stays as it is.
    std::vector<Write> finished = std::exchange(in_flight_, {});
    Offset offset = result ? *result : Offset{};
    for (Write& write : finished) {
        const group::RecordList& records = write.append.records;
        for (std::size_t i = 0; result && i < records.size(); ++i, offset = offset + 1) {
            if (!write.append.replay) continue;
            const auto replayed = groups_.replay(records[i], offset);
            CHECK(replayed == group::Groups::Replayed::applied, "a record of our own");
        }
        tell(write, result ? ErrorCode::none : result.error().code);
    }
    done_ += finished.size();
    progress_.notify_all();
    if (in_flight_.empty()) {
        finished.clear();
        in_flight_ = std::move(finished);  // keeps its memory
    }
}

// What follows from the fate of a write, once.
void ServedPartition::tell(Write& write, ErrorCode error) {
    if (write.told) return;
    write.told = true;
    group::Effects effects;
    groups_.appended(write.append.sequel, error, host_.now(), effects);
    carry_out(effects);
    if (write.commit != nullptr) std::exchange(write.commit, nullptr)->tell(error);
}

// --- time ---

std::optional<MonoTime> ServedPartition::next_deadline() const {
    if (phase_ != Phase::serving) return std::nullopt;
    std::optional<MonoTime> next = groups_.next_deadline();
    // Deadlines of writes stand in the order of the queue.
    for (const std::vector<Write>* writes : {&in_flight_, &queue_}) {
        const auto waits = std::ranges::find_if(*writes, [](const Write& w) { return !w.told; });
        if (waits == writes->end()) continue;
        next = std::min(next.value_or(MonoTime::never()), waits->deadline);
        break;
    }
    return next;
}

void ServedPartition::tick() {
    if (phase_ != Phase::serving) return;
    const MonoTime now = host_.now().mono;
    // What is under way may be committed yet, and is applied then; what has not begun is dropped.
    for (std::size_t i = 0; i < in_flight_.size(); ++i)
        if (in_flight_[i].deadline <= now) tell(in_flight_[i], ErrorCode::request_timed_out);
    while (!queue_.empty() && queue_.front().deadline <= now) {
        Write late = std::move(queue_.front());
        queue_.erase(queue_.begin());
        tell(late, ErrorCode::request_timed_out);
        ++done_;
        progress_.notify_all();
    }
    group::Effects effects;
    groups_.tick(host_.now(), effects);
    carry_out(effects);
}

// --- chores ---

void ServedPartition::expire_offsets() {
    expire_ = true;
    work_.notify_all();
}

void ServedPartition::forget(std::span<const TopicPartition> partitions) {
    forgotten_.insert(forgotten_.end(), partitions.begin(), partitions.end());
    work_.notify_all();
}

// Nothing is under way, so what is in memory is what the log says, and tombstones made from it go
// in front of the queue: a position that is renewed at this moment is written behind them and
// stays.
runtime::Task<void> ServedPartition::do_chores() {
    group::Effects effects;
    if (!forgotten_.empty()) {
        groups_.forget(forgotten_, effects);
        forgotten_.clear();
    }
    if (std::exchange(expire_, false)) {
        group::Effects expired;
        std::size_t looked_at = 0;
        std::set<std::string, std::less<>> queued = queued_groups();
        for (const std::string& id : groups_.group_ids()) {
            // What waits in the queue would stand behind its group's tombstone, and bring the group
            // back. Such a group is in use: there is a next time.
            if (!queued.contains(id)) groups_.expire(id, host_.now(), expired);
            if (++looked_at % kGroupsPerTurn != 0) continue;
            co_await runtime::yield();
            if (phase_ != Phase::serving) co_return;
            queued = queued_groups();
        }
        note_expired(expired);
        std::ranges::move(expired.appends, std::back_inserter(effects.appends));
    }
    const MonoTime deadline = host_.now().mono + host_.config_.commit_timeout;
    std::vector<Write> chores;
    for (group::Append& append : effects.appends)
        chores.push_back({std::move(append), deadline});
    queued_ += chores.size();
    queue_.insert(queue_.begin(), std::make_move_iterator(chores.begin()),
                  std::make_move_iterator(chores.end()));
    host_.wake_by(next_deadline());
}

std::set<std::string, std::less<>> ServedPartition::queued_groups() const {
    std::set<std::string, std::less<>> ids;
    for (const Write& write : queue_) {
        const group::RecordList& records = write.append.records;
        for (std::size_t i = 0; i < records.size(); ++i) {
            const auto subject = group::subject_of(records[i].key);
            if (subject && !ids.contains(subject->group_id)) ids.emplace(subject->group_id);
        }
    }
    return ids;
}

void ServedPartition::note_expired(const group::Effects& effects) const {
    if (effects.appends.empty() || !host_.log_.enabled(LogLevel::info)) return;
    std::size_t positions = 0;
    std::size_t groups = 0;
    for (const group::Append& append : effects.appends) {
        const bool is_group = std::holds_alternative<group::GroupDeleted>(append.sequel);
        (is_group ? groups : positions) += append.records.size();
    }
    host_.log_.info("__consumer_offsets-" + std::to_string(partition_) + ": expired " +
                    std::to_string(positions) + " positions and " + std::to_string(groups) +
                    " groups");
}

}  // namespace cauce::coordinator
