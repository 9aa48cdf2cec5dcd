#include "replica/partition.h"

#include "base/check.h"
#include "base/mutant.h"
#include "replica/io_error_mapping.h"
#include "replica/recompression.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::replica {

namespace {

std::string to_line(const TopicPartition& partition, const storage::CleaningReport& report) {
    const storage::CleaningCounts& counts = report.counts;
    const double took = std::chrono::duration<double>(report.took).count();
    const auto tenths = static_cast<std::int64_t>(took * 10);
    return "compacted " + partition.to_string() + " from " + std::to_string(report.from.value) +
           " to " + std::to_string(report.upto.value) + ": " + std::to_string(counts.kept_records) +
           " of " + std::to_string(counts.records) + " records and " +
           std::to_string(counts.kept_bytes) + " of " + std::to_string(counts.bytes) +
           " bytes stay, in " + std::to_string(report.segments_after) + " of " +
           std::to_string(report.segments_before) + " segments; " +
           std::to_string(report.map_keys) + " keys, " + std::to_string(tenths / 10) + "." +
           std::to_string(tenths % 10) + " s";
}

// Of one compressed batch, when a rule needs to see its records.
constexpr std::size_t kDecompressedBytesMax = 256 * 1024 * 1024;
}  // namespace

Watcher::~Watcher() {
    unlink();
}

void Watcher::unlink() {
    if (partition_ == nullptr) return;
    (previous_ != nullptr ? previous_->next_ : partition_->watchers_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    partition_ = nullptr;
    next_ = previous_ = nullptr;
}

class Partition::Reading {
public:
    explicit Reading(Partition& partition) : partition_(partition) { ++partition_.reads_; }
    ~Reading() {
        if (--partition_.reads_ == 0) partition_.quiet_.notify_all();
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

private:
    Partition& partition_;
};

Partition::Partition(runtime::Shards& shards, TopicId topic_id, std::unique_ptr<storage::Log> log,
                     std::shared_ptr<const TopicSettings> settings)
    : shards_(shards), topic_id_(topic_id), log_(std::move(log)), settings_(std::move(settings)) {
    log_->observe(this);
}

Partition::~Partition() {
    log_->observe(nullptr);
    while (watchers_ != nullptr)
        watchers_->unlink();
}

// ---- leadership ----

void Partition::become_leader(LeaderEpoch epoch, std::int32_t isr_size,
                              Offset checkpointed_high_watermark) {
    CHECK(!leading_ && epoch >= leader_epoch_, name(), epoch, leader_epoch_);
    leading_ = true;
    // Of an earlier leadership, what was appended may have been cut off since.
    edges_.forget();
    leader_epoch_ = epoch;
    isr_size_ = isr_size;
    log_->assign_epoch(epoch, log_->end_offset());
    high_watermark_ = std::clamp(std::max(checkpointed_high_watermark, high_watermark_),
                                 log_->start_offset(), log_->end_offset());
    // Recovery found the ends of transactions that everybody has: they hold nothing back.
    log_->producers().high_watermark_moved(high_watermark_);
    advance_high_watermark();
    // What a killed process left in the page cache is not on the device yet; nobody sees it before
    // it is.
    if (high_watermark_ < log_->end_offset()) log_->request_flush();
}

void Partition::resign() {
    leading_ = false;
    notify();
}

void Partition::reconfigure(std::shared_ptr<const TopicSettings> settings) {
    if (settings == settings_) return;
    settings_ = std::move(settings);
    log_->reconfigure(settings_->log);
    if (leading_) advance_high_watermark();
}

Error Partition::not_leader() const {
    return {ErrorCode::not_leader_or_follower, "this node does not lead " + name().to_string()};
}

// ---- append ----

Result<void> Partition::check(const wire::BatchHeader& batch, std::size_t bytes,
                              const AppendOptions& options) const {
    if (batch.size_bytes() != bytes)
        return fail(ErrorCode::invalid_record,
                    "produce requests must hold exactly one record batch for each partition");
    if (static_cast<std::int64_t>(bytes) > settings_->max_message_bytes) {
        return fail(ErrorCode::message_too_large,
                    "a batch of " + std::to_string(bytes) +
                        " bytes; max.message.bytes of the topic allows " +
                        std::to_string(settings_->max_message_bytes));
    }
    wire::BatchCheck wanted;
    // Keys must be seen on a compacted topic: without one a record could never be found again.
    const bool keys_needed =
        settings_->log->compact && options.origin == AppendOptions::Origin::client;
    if (keys_needed || settings_->validate_compressed)
        wanted.decompressed_bytes_max = kDecompressedBytesMax;
    const auto facts = wire::check_batch(batch, wanted);
    if (!facts) return std::unexpected(facts.error());
    if (options.origin != AppendOptions::Origin::client) return {};
    if (keys_needed && facts->first_without_key >= 0) {
        return fail(ErrorCode::invalid_record, "record " +
                                                   std::to_string(facts->first_without_key) +
                                                   " has no key, which a compacted topic needs");
    }
    // With LogAppendTime the client's timestamps do not count.
    if (settings_->timestamp_type == wire::TimestampType::create_time) {
        const std::int64_t now = shards_.clock().wall().ms;
        const std::int64_t stamp = facts->max_timestamp;
        if (stamp - now > settings_->timestamp_after_max_ms ||
            now - stamp > settings_->timestamp_before_max_ms) {
            return fail(ErrorCode::invalid_timestamp,
                        "timestamp " + std::to_string(stamp) +
                            " is further from the broker's clock than message.timestamp." +
                            (stamp > now ? "after" : "before") + ".max.ms allows");
        }
    }
    return {};
}

Result<Appended> Partition::append_as_leader(MutableBytes batch, const AppendOptions& options) {
    Result<Appended> appended = append(batch, options);
    if (!appended) {
        ++counters_.refused_batches;
    } else if (appended->duplicate) {
        ++counters_.duplicate_batches;
    }
    return appended;
}

Result<Appended> Partition::append(MutableBytes bytes, const AppendOptions& options) {
    if (!leading_) return std::unexpected(not_leader());
    if (options.required_acks == -1 && isr_size_ < settings_->min_insync_replicas) {
        return fail(ErrorCode::not_enough_replicas,
                    std::to_string(isr_size_) + " in-sync replicas; min.insync.replicas asks for " +
                        std::to_string(settings_->min_insync_replicas));
    }
    auto parsed = wire::parse_batch(bytes);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    const wire::BatchHeader& header = *parsed;
    RETURN_IF_ERROR(check(header, bytes.size(), options));

    Appended appended;
    appended.first = log_->end_offset();
    appended.next = appended.first + (header.last_offset_delta() + 1);
    appended.log_start = log_->start_offset();

    if (header.has_producer_id()) {
        storage::ProducerBatch batch;
        batch.producer_id = header.producer_id();
        batch.producer_epoch = header.producer_epoch();
        batch.first_sequence = header.base_sequence();
        batch.last_sequence = header.last_sequence();
        batch.first_offset = appended.first;
        batch.last_offset = appended.next - 1;
        batch.max_timestamp = header.max_timestamp();
        batch.transactional = header.is_transactional();
        const storage::ProducerState::Verdict verdict = log_->producers().check(batch);
        if (const auto* refused = std::get_if<Error>(&verdict)) return std::unexpected(*refused);
        if (const auto* before = std::get_if<storage::ProducerState::Duplicate>(&verdict)) {
            appended.first = before->first;
            appended.next = before->last + 1;
            appended.duplicate = true;
            if (settings_->timestamp_type == wire::TimestampType::log_append_time)
                appended.log_append_time_ms = before->timestamp;
            // The first answer may have been lost with the flush still to come.
            appended.wait_for_flush = log_->flush_messages_reached();
            return appended;
        }
    }

    // What was appended before needs no room. The broker's own records go on to be written.
    const storage::DirectoryShard& home = log_->home();
    const bool full = home.space().stage() == storage::SpaceStage::full;
    if (full && options.origin == AppendOptions::Origin::client)
        return fail(ErrorCode::kafka_storage_error, home.why_full());

    const std::int32_t record_count = header.count();
    Buffer rewritten;  // when the topic asks for a codec of its own
    if (settings_->codec && *settings_->codec != header.codec()) {
        ASSIGN_OR_RETURN(rewritten, recompress(header, *settings_->codec, settings_->codec_level,
                                               kDecompressedBytesMax));
        bytes = rewritten;
    }
    wire::patch_base_offset(bytes, appended.first);
    wire::patch_partition_leader_epoch(bytes, leader_epoch_);
    if (settings_->timestamp_type == wire::TimestampType::log_append_time) {
        appended.log_append_time_ms = shards_.clock().wall().ms;
        wire::patch_log_append_time(bytes, appended.log_append_time_ms);
    }
    const bool gather = options.gather && rewritten.empty();
    const auto written =
        gather ? log_->append_gathering(BytesView(bytes)) : log_->append(BytesView(bytes));
    if (!written) return std::unexpected(to_error(written.error()));
    CHECK(written->first == appended.first && written->last == appended.next - 1, name(),
          written->first, appended.first);
    appended.wait_for_flush = written->wait_for_flush;

    const auto records = static_cast<std::uint64_t>(record_count);
    ++counters_.appended_batches;
    counters_.appended_records += records;
    counters_.appended_bytes += bytes.size();
    live::Edge& edge = edges_.of(options.client);
    ++edge.appended_batches;
    edge.appended_records += records;
    edge.appended_bytes += bytes.size();
    edge.appended = appended.next;

    advance_high_watermark();
    return appended;
}

Result<void> Partition::write_gathered() {
    if (CAUCE_MUTANT("gathered-not-written")) return {};
    auto written = log_->write_gathered();
    if (!written) return std::unexpected(to_error(written.error()));
    advance_high_watermark();
    return {};
}

void Partition::advance_high_watermark() {
    if (!leading_) return;
    // One replica: the smallest over the ISR is our own.
    const bool durable = settings_->log->durability == storage::Durability::flush &&
                         !CAUCE_MUTANT("answer-before-flush");
    const Offset reached = durable ? log_->flushed_offset() : log_->written_offset();
    if (reached <= high_watermark_) return;
    high_watermark_ = reached;
    log_->producers().high_watermark_moved(reached);
    notify();
}

void Partition::log_flushed() {
    flushed_.notify_all();
    advance_high_watermark();
}

void Partition::notify() {
    moved_.notify_all();
    flushed_.notify_all();
    // A watcher may leave while it is told.
    Watcher* next = nullptr;
    for (Watcher* watcher = watchers_; watcher != nullptr; watcher = next) {
        next = watcher->next_;
        watcher->partition_moved();
    }
}

Result<void> Partition::check_still_leads(LeaderEpoch since) const {
    if (!leading_ || leader_epoch_ != since) return std::unexpected(not_leader());
    return check_online();
}

Task<Result<void>> Partition::flushed(Offset next, MonoTime deadline) {
    const LeaderEpoch epoch = leader_epoch_;
    while (log_->flushed_offset() < next) {
        CO_RETURN_IF_ERROR(check_still_leads(epoch));
        log_->request_flush();
        const bool told = co_await flushed_.wait_until(shards_.timers(), deadline);
        if (!told && log_->flushed_offset() < next) {
            co_return fail(
                ErrorCode::request_timed_out,
                "appended, but not flushed in time: it may be flushed later all the same");
        }
    }
    co_return Result<void>{};
}

Task<Result<void>> Partition::committed(Offset next, MonoTime deadline) {
    const LeaderEpoch epoch = leader_epoch_;
    while (high_watermark_ < next) {
        CO_RETURN_IF_ERROR(check_still_leads(epoch));
        const bool moved = co_await moved_.wait_until(shards_.timers(), deadline);
        if (!moved && high_watermark_ < next) {
            co_return fail(
                ErrorCode::request_timed_out,
                "appended, but not committed in time: it may be committed later all the same");
        }
    }
    co_return Result<void>{};
}

// ---- read ----

Result<void> Partition::check_leader_epoch(std::int32_t current_leader_epoch) const {
    if (current_leader_epoch < 0 || current_leader_epoch == leader_epoch_.value) return {};
    return fail(current_leader_epoch < leader_epoch_.value ? ErrorCode::fenced_leader_epoch
                                                           : ErrorCode::unknown_leader_epoch);
}

Result<void> Partition::check_leads(std::int32_t current_leader_epoch) const {
    RETURN_IF_ERROR(check_leader_epoch(current_leader_epoch));
    if (!leading_) return std::unexpected(not_leader());
    return check_online();
}

// Until the controller has heard of it, others go on asking this node: what a log that failed can
// tell of its end may be less than what was told before.
Result<void> Partition::check_online() const {
    if (!log_->offline()) return {};
    return fail(ErrorCode::kafka_storage_error,
                "the log directory of " + name().to_string() + " is offline");
}

Offset Partition::last_stable_offset() const {
    const auto unstable = log_->producers().first_unstable();
    if (!unstable || *unstable >= high_watermark_) return high_watermark_;
    // DeleteRecords may have taken the beginning of a transaction that is still open.
    return std::max(*unstable, log_->start_offset());
}

Offset Partition::visible_end(Isolation isolation) const {
    if (CAUCE_MUTANT("above-high-watermark")) return log_->end_offset();
    return isolation == Isolation::read_committed ? last_stable_offset() : high_watermark_;
}

storage::ReadRequest Partition::read_request(const FetchLimits& limits) const {
    storage::ReadRequest request;
    request.from = limits.from;
    request.upper_bound = visible_end(limits.isolation);
    request.max_bytes = limits.max_bytes;
    request.at_least_one = limits.at_least_one;
    return request;
}

Result<Fetched> Partition::fetched(IoResult<storage::ReadResult> records) const {
    RETURN_IF_ERROR(check_online());
    if (!records) return std::unexpected(to_error(records.error()));
    return Fetched{*std::move(records), high_watermark_, last_stable_offset(),
                   log_->start_offset()};
}

std::optional<Result<Fetched>> Partition::try_read(const FetchLimits& limits) {
    if (!leading_) return Result<Fetched>(std::unexpected(not_leader()));
    if (auto online = check_online(); !online)
        return Result<Fetched>(std::unexpected(std::move(online).error()));
    const storage::ReadRequest request = read_request(limits);
    if (request.from < log_->start_offset() || request.from > log_->end_offset())
        return Result<Fetched>(fail(ErrorCode::offset_out_of_range));
    // Above what is visible but in the log: nothing yet, and no error.
    if (request.from >= request.upper_bound) {
        storage::ReadResult nothing;
        nothing.first = nothing.next = request.from;
        return fetched(std::move(nothing));
    }
    auto records = log_->try_read(request);
    if (!records) return std::nullopt;
    return fetched(*std::move(records));
}

Task<Result<Fetched>> Partition::read(FetchLimits limits) {
    const Reading reading(*this);
    auto records = co_await log_->read(read_request(limits));
    say_whether_readable(records);
    co_return fetched(std::move(records));
}

void Partition::say_whether_readable(const IoResult<storage::ReadResult>& records) {
    if (records) {
        unreadable_ = false;
        return;
    }
    const int number = records.error().number;
    // The reader's own mistake, a log that is being closed, a directory that has been spoken of.
    if (number == ERANGE || number == ECANCELED || log_->offline()) return;
    if (!std::exchange(unreadable_, true)) {
        log_->home().logger().error("the records of " + name().to_string() +
                                    " cannot be read: " + records.error().to_string());
    }
}

Task<Result<std::vector<storage::AbortedTransaction>>> Partition::aborted_transactions(Offset from,
                                                                                       Offset end) {
    const Reading reading(*this);
    auto aborted = co_await log_->aborted_transactions(from, end);
    if (!aborted) co_return std::unexpected(to_error(aborted.error()));
    co_return *std::move(aborted);
}

void Partition::count_fetch(const Fetched& fetched, live::ClientToken client) {
    if (fetched.records.size == 0) return;
    ++counters_.fetches;
    counters_.fetched_bytes += fetched.records.size;
    counters_.fetched = std::max(counters_.fetched, fetched.records.next);
    live::Edge& edge = edges_.of(client);
    ++edge.fetches;
    edge.fetched_bytes += fetched.records.size;
    edge.fetched = fetched.records.next;
}

Task<Result<storage::TimestampOffset>> Partition::list_offset(std::int64_t timestamp,
                                                              Isolation isolation) {
    const Reading reading(*this);
    storage::TimestampOffset none;
    // An empty log has no epoch yet: the next record gets ours. One that begins with messages of
    // format 0 or 1 has none there.
    const auto epoch_at = [this](Offset offset) {
        const LeaderEpoch otherwise = offset == log_->end_offset() ? leader_epoch_ : LeaderEpoch();
        return log_->leader_epochs().epoch_at(offset).value_or(otherwise);
    };
    switch (timestamp) {
        case kLatest:
            co_return storage::TimestampOffset{-1, visible_end(isolation), leader_epoch_};
        case kEarliest:
        case kEarliestLocal: {
            const Offset start = log_->start_offset();
            co_return storage::TimestampOffset{-1, start, epoch_at(start)};
        }
        // Nothing is tiered here.
        case kLatestTiered:
        case kEarliestPendingUpload:
            co_return none;
        case kMaxTimestamp: {
            auto found = co_await log_->offset_of_max_timestamp();
            if (!found) co_return std::unexpected(to_error(found.error()));
            if (!*found || (*found)->offset >= visible_end(isolation)) co_return none;
            co_return **found;
        }
        default: {
            if (timestamp < 0)
                co_return fail(ErrorCode::unsupported_version, "unknown special timestamp");
            auto found = co_await log_->offset_for_timestamp(timestamp, visible_end(isolation));
            if (!found) co_return std::unexpected(to_error(found.error()));
            co_return found->value_or(none);
        }
    }
}

EpochEnd Partition::end_of_epoch(LeaderEpoch epoch) const {
    const auto end = log_->leader_epochs().end_offset_for(epoch, log_->end_offset());
    return end ? EpochEnd{end->epoch, end->end_offset} : EpochEnd{LeaderEpoch{-1}, Offset{-1}};
}

Result<RecordsDeleted> Partition::delete_records(Offset before) {
    if (!leading_) return std::unexpected(not_leader());
    const storage::LogConfig& config = log_->config();
    // An empty cleanup.policy keeps everything until somebody says otherwise, as here.
    if (config.compact && !config.delete_old) {
        return fail(ErrorCode::policy_violation,
                    "Records of partition " + name().to_string() +
                        " can not be deleted due to the configured policy");
    }
    const Offset start = before == kToHighWatermark ? high_watermark_ : before;
    if (start < Offset{0}) {
        return fail(ErrorCode::offset_out_of_range, "The offset " + std::to_string(start.value) +
                                                        " for partition " + name().to_string() +
                                                        " is not valid");
    }
    if (start > high_watermark_) {
        return fail(ErrorCode::offset_out_of_range,
                    "Cannot increment the log start offset to " + std::to_string(start.value) +
                        " of partition " + name().to_string() +
                        " since it is larger than the high watermark " +
                        std::to_string(high_watermark_.value));
    }
    RETURN_IF_ERROR(check_online());
    const auto moved = log_->advance_start_offset(start);
    if (!moved) return std::unexpected(to_error(moved.error()));
    RecordsDeleted deleted;
    deleted.low_watermark = low_watermark();
    // Also when another request has moved it: its checkpoint may not be written yet.
    deleted.start_to_be_kept =
        config.durability == storage::Durability::flush && log_->start_inside_segment();
    CHECK(log_start() <= high_watermark_, log_start(), high_watermark_);
    return deleted;
}

Task<void> Partition::delete_old_segments() {
    const Reading reading(*this);
    const auto deleted = co_await log_->delete_old_segments(high_watermark_);
    // What could not be read or renamed stays, and nobody would know why. A full disk, and one that
    // failed, are told of elsewhere.
    if (!deleted && !storage::is_disk_full(deleted.error()) && !log_->offline())
        log_->home().logger().warn("old segments of " + name().to_string() +
                                   " were not deleted: " + deleted.error().to_string());
    advance_high_watermark();
}

Task<std::optional<storage::RetentionOutlook>> Partition::retention_outlook() {
    const Reading reading(*this);
    auto outlook = co_await log_->retention_outlook(high_watermark_);
    if (!outlook) co_return std::nullopt;
    co_return *outlook;
}

// ---- compaction ----

Task<bool> Partition::wants_cleaning() {
    if (log_->offline() || !compaction_.refused.empty()) co_return false;
    const auto dirt = co_await log_->dirt(last_stable_offset());
    if (!dirt) {
        log_->home().logger().warn("cannot tell what there is to compact in " + name().to_string() +
                                   ": " + dirt.error().to_string());
        co_return false;
    }
    compaction_.dirt = *dirt;
    const storage::LastRound never;
    co_return storage::wants_cleaning(*dirt, log_->config(), log_->last_round().value_or(never),
                                      shards_.clock().wall());
}

Task<std::optional<CompactionOutlook>> Partition::compaction_outlook() {
    if (!log_->config().compact) co_return std::nullopt;
    const Reading reading(*this);
    const auto dirt = co_await log_->dirt(last_stable_offset());
    if (!dirt) co_return std::nullopt;
    CompactionOutlook outlook;
    outlook.dirt = *dirt;
    outlook.last = log_->last_round();
    outlook.refused = compaction_.refused;
    const storage::LastRound never;
    outlook.wanted = outlook.refused.empty() &&
                     storage::wants_cleaning(*dirt, log_->config(), outlook.last.value_or(never),
                                             shards_.clock().wall());
    co_return outlook;
}

Task<std::optional<storage::CleaningReport>> Partition::clean(storage::CleaningOrder order) {
    order.stable = last_stable_offset();
    const Logger& log = log_->home().logger();
    const auto report = co_await log_->clean(order);
    if (report) {
        compaction_.dirt.from = report->upto;
        compaction_.lacks_room = false;
        log.info(to_line(name(), *report));
        co_return *report;
    }
    const IoError& error = report.error();
    // Cut, closed or led by somebody else: no reason to say anything.
    if (error.number == ECANCELED) co_return std::nullopt;
    const std::string text =
        "the compaction of " + name().to_string() + " came to no end: " + error.to_string();
    if (storage::is_disk_full(error) || log_->offline()) {
        // It is tried again each time the cleaner looks for work.
        if (!compaction_.lacks_room) log.warn(text);
        compaction_.lacks_room = true;
        co_return std::nullopt;
    }
    compaction_.refused = error.to_string();
    log.error(text + ". It is not compacted again before the node is started again");
    co_return std::nullopt;
}

void Partition::expire_producers() {
    const milliseconds expiration(log_->config().producer_id_expiration_ms);
    log_->producers().expire(shards_.clock().wall(), expiration);
}

Task<void> Partition::quiet() {
    while (reads_ > 0)
        co_await quiet_.wait();
}

void Partition::watch(Watcher& watcher) {
    watcher.unlink();
    watcher.partition_ = this;
    watcher.next_ = watchers_;
    if (watchers_ != nullptr) watchers_->previous_ = &watcher;
    watchers_ = &watcher;
}

}  // namespace cauce::replica
