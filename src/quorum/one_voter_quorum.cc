#include "quorum/one_voter_quorum.h"

#include "base/check.h"
#include "quorum/control_records.h"
#include "quorum/quorum_state.h"
#include "storage/small_file.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/messages/kraft_version_record.h"
#include "wire/messages/leader_change_message.h"
#include "wire/messages/snapshot_footer_record.h"
#include "wire/messages/snapshot_header_record.h"
#include "wire/messages/voters_record.h"
#include "wire/record.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace cauce::quorum {

namespace {

using runtime::Task;

// Kafka's id of the metadata topic.
constexpr TopicId kMetadataTopicId{0, 1};
// KafkaRaftClient.MAX_BATCH_SIZE_BYTES: no batch of the metadata log is larger.
constexpr std::size_t kBatchBytesMax = 8 * 1024 * 1024;
constexpr std::size_t kReadBytes = 1024 * 1024;
constexpr std::string_view kSnapshotSuffix = ".checkpoint";

std::unexpected<IoError> damaged(std::string where) {
    return io_fail(EBADMSG, "read", std::move(where));
}

// "00000000000000000042-0000000003.checkpoint"; nothing for other names.
std::optional<SnapshotId> parse_snapshot_name(std::string_view name) {
    constexpr std::size_t kOffsetDigits = 20;
    constexpr std::size_t kEpochDigits = 10;
    if (name.size() != kOffsetDigits + 1 + kEpochDigits + kSnapshotSuffix.size() ||
        !name.ends_with(kSnapshotSuffix))
        return std::nullopt;
    SnapshotId id;
    const auto offset =
        std::from_chars(name.data(), name.data() + kOffsetDigits, id.end_offset.value);
    const char* epoch_start = name.data() + kOffsetDigits + 1;
    const auto epoch = std::from_chars(epoch_start, epoch_start + kEpochDigits, id.epoch);
    const bool whole =
        offset.ptr == name.data() + kOffsetDigits && epoch.ptr == epoch_start + kEpochDigits;
    if (!whole || name[kOffsetDigits] != '-') return std::nullopt;
    return id;
}

}  // namespace

OneVoterQuorum::OneVoterQuorum(storage::DirectoryShard& home, OneVoterOptions options, Logger log)
    : home_(home),
      options_(std::move(options)),
      logger_(std::move(log)),
      tasks_(home.shards().ready()) {}

OneVoterQuorum::~OneVoterQuorum() {
    if (log_) log_->observe(nullptr);
}

// ---- start ----

Task<IoResult<void>> OneVoterQuorum::start(Listener& listener) {
    listener_ = &listener;
    CO_RETURN_IF_ERROR(co_await open_log());
    CO_RETURN_IF_ERROR(co_await load_snapshot());
    CO_RETURN_IF_ERROR(co_await replay_log());
    CO_RETURN_IF_ERROR(co_await begin_epoch());
    tasks_.spawn(deliver());
    // Leading means that the epoch's first batch counts.
    while (committed_ < log_->end_offset() && !home_.offline())
        co_await progress_.wait();
    if (home_.offline()) co_return std::unexpected(home_.cause());
    co_return IoResult<void>{};
}

Task<IoResult<void>> OneVoterQuorum::open_log() {
    storage::LogOpenOptions options;
    options.partition = {"__cluster_metadata", 0};
    options.topic_id = kMetadataTopicId;
    options.config = options_.log ? options_.log : std::make_shared<storage::LogConfig>();
    const auto found = snapshots();
    if (!found) co_return std::unexpected(found.error());
    if (!found->empty()) options.start_offset = Offset{0};
    auto log = co_await storage::Log::open(home_, std::move(options));
    if (!log) co_return std::unexpected(log.error());
    log_ = std::move(*log);
    log_->observe(this);
    const storage::RecoveryReport& report = log_->recovery();
    // A tail that was being written when the process died was reported to nobody. More than that is
    // damage.
    if (report.cut_segments > 0) {
        co_return damaged(folder() + ": " + std::to_string(report.cut_segments) +
                          " segments behind offset " + std::to_string(report.end_offset.value) +
                          " (" + report.reason + ")");
    }
    if (report.cut_bytes > 0) {
        logger_.warn("cut " + std::to_string(report.cut_bytes) +
                     " unfinished bytes behind offset " + std::to_string(report.end_offset.value) +
                     " of the metadata log (" + report.reason + ")");
    }
    co_return IoResult<void>{};
}

IoResult<std::vector<SnapshotId>> OneVoterQuorum::snapshots() const {
    std::vector<SnapshotId> found;
    const auto entries = home_.disk().list(folder());
    if (!entries) {
        if (entries.error().number == ENOENT) return found;
        return std::unexpected(entries.error());
    }
    for (const runtime::DirectoryEntry& entry : *entries) {
        if (const auto id = parse_snapshot_name(entry.name)) found.push_back(*id);
    }
    std::ranges::sort(found);
    return found;
}

Task<IoResult<void>> OneVoterQuorum::load_snapshot() {
    const auto found = snapshots();
    if (!found) co_return std::unexpected(found.error());
    if (found->empty()) co_return IoResult<void>{};
    snapshot_ = found->back();
    const std::string path = folder() + "/" + snapshot_->to_string() + std::string(kSnapshotSuffix);
    const auto file = co_await storage::read_file(home_.disk(), path);
    if (!file) co_return std::unexpected(file.error());
    if (!*file) co_return io_fail(ENOENT, "open", path);
    WallTime last_contained;
    listener_->on_snapshot_begin(*snapshot_);
    BytesView rest(**file);
    while (!rest.empty()) {
        const auto batch = wire::parse_batch(rest);
        if (!batch || !batch->crc_matches())
            co_return damaged(path + " at byte " + std::to_string((*file)->size() - rest.size()));
        CO_RETURN_IF_ERROR(hand_over(*batch, true, path));
        last_contained = WallTime{batch->max_timestamp()};
        rest = rest.subspan(batch->size_bytes());
    }
    listener_->on_snapshot_end(*snapshot_, last_contained);
    co_return IoResult<void>{};
}

Task<IoResult<void>> OneVoterQuorum::replay_log() {
    const Offset snapshot_end = snapshot_ ? snapshot_->end_offset : Offset{0};
    if (log_->end_offset() < snapshot_end) {
        // The log ends below its snapshot: a restored or emptied folder. The snapshot holds all of
        // it.
        CO_RETURN_IF_ERROR(co_await log_->truncate_fully_and_start_at(snapshot_end));
    }
    if (log_->start_offset() > snapshot_end) {
        co_return damaged(folder() + ": the log begins at offset " +
                          std::to_string(log_->start_offset().value) +
                          ", and no snapshot reaches it");
    }
    Offset next = snapshot_end;
    Buffer bytes;
    while (next < log_->end_offset()) {
        storage::ReadRequest request;
        request.from = next;
        request.upper_bound = log_->end_offset();
        request.max_bytes = kReadBytes;
        request.at_least_one = true;
        const auto read = co_await log_->read(request);
        if (!read) co_return std::unexpected(read.error());
        CO_RETURN_IF_ERROR(co_await log_->copy_out(*read, bytes));
        BytesView rest(bytes);
        while (!rest.empty()) {
            const auto batch = wire::parse_batch(rest);
            if (!batch || !batch->crc_matches())
                co_return damaged(folder() + " at offset " + std::to_string(next.value));
            if (batch->base_offset() >= snapshot_end) {
                CO_RETURN_IF_ERROR(hand_over(*batch, false, folder()));
                epoch_ = std::max(epoch_, batch->partition_leader_epoch());
                size_bytes_since_snapshot_ += batch->size_bytes();
            }
            next = batch->next_offset();
            rest = rest.subspan(batch->size_bytes());
        }
    }
    committed_ = log_->end_offset();
    co_return IoResult<void>{};
}

// Gives one batch of the log or a snapshot to the listener, and reads what concerns the quorum
// itself.
IoResult<void> OneVoterQuorum::hand_over(const wire::BatchHeader& batch, bool from_snapshot,
                                         std::string_view file) {
    CommittedBatch out;
    out.base_offset = batch.base_offset();
    out.last_offset = batch.last_offset();
    out.epoch = batch.partition_leader_epoch();
    out.appended = WallTime{batch.max_timestamp()};
    out.size_bytes = batch.size_bytes();
    Buffer storage;
    const auto records = wire::records_of(batch, kBatchBytesMax * 4, storage);
    const auto place = [&] {
        return std::string(file) + " at offset " + std::to_string(batch.base_offset().value);
    };
    if (!records) return damaged(place());
    std::vector<BytesView> values;
    wire::RecordIterator iterator(batch, *records);
    for (wire::Record record; iterator.next(record);) {
        if (batch.is_control()) {
            const auto type = wire::control_type(record);
            if (!type || !record.value) continue;
            wire::Reader reader(*record.value);
            if (*type == wire::ControlType::kraft_version) {
                wire::KRaftVersionRecord message;
                message.decode(reader, 0);
                kraft_version_ = message.kraft_version;
            } else if (*type == wire::ControlType::kraft_voters) {
                wire::VotersRecord message;
                message.decode(reader, 0);
                voters_ = voters_of(message);
                voters_in_log_ =
                    voters_in_log_ || !from_snapshot || snapshot_->end_offset > Offset{0};
            }
            if (!reader.ok()) return damaged(place());
        } else if (record.value) {
            values.push_back(*record.value);
        }
    }
    if (!iterator.ok()) return damaged(place());
    out.values = values;
    from_snapshot ? listener_->on_snapshot_batch(out) : listener_->on_commit(out);
    return {};
}

Task<IoResult<void>> OneVoterQuorum::begin_epoch() {
    const std::string path = folder() + "/quorum-state";
    const auto file = co_await storage::read_file(home_.disk(), path);
    if (!file) co_return std::unexpected(file.error());
    if (*file) {
        const auto state = QuorumState::parse(as_text(**file));
        if (!state) co_return damaged(path);
        epoch_ = std::max(epoch_, state->leader_epoch);
    }
    if (const auto newest = log_->leader_epochs().latest()) epoch_ = std::max(epoch_, *newest);
    epoch_.value += 1;
    // Term and vote are durable before the first batch of the term.
    QuorumState state;
    state.leader_id = options_.node;
    state.leader_epoch = epoch_;
    if (!home_.disk().exists(folder())) CO_RETURN_IF_ERROR(home_.disk().make_folder(folder()));
    CO_RETURN_IF_ERROR(
        co_await storage::replace_file(home_.disk(), folder(), "quorum-state", state.to_text()));
    if (voters_.empty()) {
        Voter self;
        self.id = options_.node;
        self.directory_id = options_.directory_id;
        voters_.push_back(std::move(self));
    }
    leading_ = true;
    co_return append_control_batch();
}

IoResult<void> OneVoterQuorum::append_control_batch() {
    const WallTime now = home_.shards().clock().wall();
    wire::BatchOptions options;
    options.base_offset = log_->end_offset();
    options.partition_leader_epoch = epoch_;
    options.control = true;
    wire::BatchBuilder batch(options);
    wire::LeaderChangeMessage change;
    change.leader_id = options_.node.value;
    for (const Voter& voter : voters_)
        change.voters.emplace_back().voter_id = voter.id.value;
    change.granting_voters.emplace_back().voter_id = options_.node.value;
    add_control_record(batch, now.ms, wire::ControlType::leader_change, change);
    if (kraft_version_ > 0 && !voters_in_log_) {
        // The bootstrap snapshot says who votes; from here on the log does (KIP-853).
        add_voters(batch, now.ms, kraft_version_, voters_);
        voters_in_log_ = true;
    }
    const auto bytes = batch.build();
    CHECK(bytes.has_value());
    const auto appended = log_->append(BytesView(*bytes));
    if (!appended) return std::unexpected(appended.error());
    Pending& pending = pending_.emplace_back();
    pending.base_offset = appended->first;
    pending.last_offset = appended->last;
    pending.appended = now;
    pending.size_bytes = bytes->size();
    return {};
}

// ---- proposals ----

Result<Proposed> OneVoterQuorum::propose(const metadata::RecordList& records) {
    CHECK(!records.empty());
    if (!leading_) return fail(ErrorCode::not_controller);
    if (home_.offline()) return fail(ErrorCode::kafka_storage_error, home_.cause().to_string());
    if (records.size_bytes() > kBatchBytesMax)
        return fail(ErrorCode::message_too_large,
                    "records of " + std::to_string(records.size_bytes()) + " bytes at once");
    const WallTime now = home_.shards().clock().wall();
    wire::BatchOptions options;
    options.base_offset = log_->end_offset();
    options.partition_leader_epoch = epoch_;
    wire::BatchBuilder batch(options);
    for (std::size_t i = 0; i < records.size(); ++i)
        batch.append(now.ms, std::nullopt, wire::Bytes(records[i]));
    const auto bytes = batch.build();
    CHECK(bytes.has_value());
    const auto appended = log_->append(BytesView(*bytes));
    if (!appended) return fail(ErrorCode::kafka_storage_error, appended.error().to_string());
    Pending& pending = pending_.emplace_back();
    pending.base_offset = appended->first;
    pending.last_offset = appended->last;
    pending.appended = now;
    pending.records.append(records);
    pending.size_bytes = bytes->size();
    return Proposed{appended->first, appended->last, epoch_};
}

Task<void> OneVoterQuorum::deliver() {
    bool told_leader = false;
    while (true) {
        while (!pending_.empty() && pending_.front().last_offset < log_->flushed_offset()) {
            const Pending pending = std::move(pending_.front());
            pending_.pop_front();
            CommittedBatch batch;
            batch.base_offset = pending.base_offset;
            batch.last_offset = pending.last_offset;
            batch.epoch = epoch_;
            batch.appended = pending.appended;
            batch.size_bytes = pending.size_bytes;
            std::vector<BytesView> values;
            for (std::size_t i = 0; i < pending.records.size(); ++i)
                values.push_back(pending.records[i]);
            batch.values = values;
            committed_ = pending.last_offset + 1;
            size_bytes_since_snapshot_ += pending.size_bytes;
            listener_->on_commit(batch);
            // The term's first batch was delivered: now the leader may speak.
            if (!std::exchange(told_leader, true))
                listener_->on_leader_change({options_.node, epoch_});
            progress_.notify_all();
        }
        if (home_.offline()) {
            leading_ = false;
            if (!stopping_) listener_->on_failure(home_.cause());
            co_return;
        }
        if (stopping_ && pending_.empty()) co_return;
        co_await progress_.wait();
    }
}

QuorumStatus OneVoterQuorum::status() const {
    QuorumStatus status;
    if (leading_) status.leader.leader = options_.node;
    status.leader.epoch = epoch_;
    status.is_leader = leading_;
    if (log_) {
        status.log_start = log_->start_offset();
        status.log_end = log_->end_offset();
    }
    status.high_watermark = committed_;
    status.kraft_version = kraft_version_;
    status.voters = voters_;
    return status;
}

Task<void> OneVoterQuorum::stop() {
    stopping_ = true;
    progress_.notify_all();
    co_await tasks_.join();
    leading_ = false;
    if (!log_) co_return;
    const auto closed = co_await log_->close();
    if (!closed) logger_.error("cannot close the metadata log: " + closed.error().to_string());
    log_->observe(nullptr);
    log_.reset();
}

// ---- snapshots ----

Task<IoResult<void>> OneVoterQuorum::write_snapshot(SnapshotId id, WallTime last_contained,
                                                    SnapshotSource& source) {
    CHECK(id.end_offset <= committed_, id.end_offset, committed_);
    const WallTime now = home_.shards().clock().wall();
    Buffer file;
    Offset next{0};
    const auto options = [&] {
        wire::BatchOptions out;
        out.base_offset = next;
        out.partition_leader_epoch = LeaderEpoch{id.epoch};
        return out;
    };
    const auto add = [&](const Buffer& batch) {
        file.insert(file.end(), batch.begin(), batch.end());
    };

    wire::BatchOptions control = options();
    control.control = true;
    wire::BatchBuilder header(control);
    wire::SnapshotHeaderRecord about;
    about.last_contained_log_timestamp = last_contained.ms;
    add_control_record(header, now.ms, wire::ControlType::snapshot_header, about);
    if (kraft_version_ > 0) {
        add_voters(header, now.ms, kraft_version_, voters_);
    }
    next = header.next_offset();
    add(header.build().value());

    metadata::RecordList records;
    bool more = true;
    while (more) {
        records.clear();
        more = source.next(records, kReadBytes);
        if (records.empty()) continue;
        wire::BatchBuilder batch(options());
        for (std::size_t i = 0; i < records.size(); ++i)
            batch.append(now.ms, std::nullopt, wire::Bytes(records[i]));
        next = batch.next_offset();
        add(batch.build().value());
        co_await runtime::yield();
    }

    wire::BatchOptions end = options();
    end.control = true;
    wire::BatchBuilder footer(end);
    add_control_record(footer, now.ms, wire::ControlType::snapshot_footer,
                       wire::SnapshotFooterRecord{});
    add(footer.build().value());

    const std::string name = id.to_string() + std::string(kSnapshotSuffix);
    CO_RETURN_IF_ERROR(
        co_await storage::replace_file(home_.disk(), folder(), name, std::move(file)));
    snapshot_ = id;
    size_bytes_since_snapshot_ = 0;
    // Nothing below it is needed any more.
    const auto old = snapshots();
    if (!old) co_return std::unexpected(old.error());
    for (const SnapshotId& other : *old) {
        if (other < id) {
            const std::string path =
                folder() + "/" + other.to_string() + std::string(kSnapshotSuffix);
            CO_RETURN_IF_ERROR(home_.disk().remove(path));
        }
    }
    const auto advanced = log_->advance_start_offset(id.end_offset);
    if (!advanced) co_return std::unexpected(advanced.error());
    const auto deleted = co_await log_->delete_old_segments(id.end_offset);
    if (!deleted) co_return std::unexpected(deleted.error());
    co_return IoResult<void>{};
}

std::string SnapshotId::to_string() const {
    std::string offset = std::to_string(end_offset.value);
    std::string term = std::to_string(epoch);
    return std::string(20 - offset.size(), '0') + offset + "-" +
           std::string(10 - term.size(), '0') + term;
}

}  // namespace cauce::quorum
