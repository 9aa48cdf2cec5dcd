#include "quorum/one_voter_quorum.h"

#include "base/check.h"
#include "base/mutant.h"
#include "quorum/control_records.h"
#include "quorum/log_check.h"
#include "quorum/log_walk.h"
#include "quorum/quorum_state.h"
#include "quorum/snapshot_file.h"
#include "storage/small_file.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace cauce::quorum {

namespace {

using runtime::Task;

// Kafka's id of the metadata topic.
constexpr TopicId kMetadataTopicId{0, 1};
// KafkaRaftClient.MAX_BATCH_SIZE_BYTES: no batch of the metadata log is larger.
constexpr std::size_t kBatchBytesMax = 8 * 1024 * 1024;
// Of a snapshot, at a time.
constexpr std::size_t kSnapshotBytes = 1024 * 1024;

std::unexpected<IoError> damaged(std::string where) {
    return io_fail(EBADMSG, "check", std::move(where));
}

}  // namespace

std::shared_ptr<const storage::LogConfig> metadata_log_config(const metadata::StaticConfig& file) {
    const metadata::Image nothing_set;
    const metadata::EffectiveConfig config(nothing_set, file, NodeId());
    auto log = std::make_shared<storage::LogConfig>();
    log->segment_bytes =
        metadata::config_integer(*config.broker_value("metadata.log.segment.bytes"));
    log->segment_ms = metadata::config_integer(*config.broker_value("metadata.log.segment.ms"));
    return log;
}

OneVoterQuorum::OneVoterQuorum(storage::DirectoryShard& home, OneVoterOptions options, Logger log)
    : home_(home),
      options_(std::move(options)),
      logger_(std::move(log)),
      folder_(home.path() + "/" + std::string(kMetadataFolder)),
      tasks_(home.shards().ready()) {}

OneVoterQuorum::~OneVoterQuorum() {
    if (log_) log_->observe(nullptr);
}

// ---- start ----

Task<IoResult<void>> OneVoterQuorum::start(Listener& listener) {
    listener_ = &listener;
    const auto state = co_await read_quorum_state(home_.disk(), folder_);
    if (!state) co_return std::unexpected(state.error());
    CO_RETURN_IF_ERROR(co_await load_snapshot());
    // Up to here and until the listener agrees the folder is only read.
    const auto mark = co_await read_commit_mark(home_.disk(), folder_);
    if (!mark) co_return std::unexpected(mark.error());
    const auto check = co_await check_log(home_.disk(), folder_, snapshot_end(), *mark);
    if (!check) co_return std::unexpected(check.error());
    const auto epochs = co_await replay_log(check->end);
    if (!epochs) co_return std::unexpected(epochs.error());
    CO_RETURN_IF_ERROR(check_voters(*state));
    if (!listener_->on_replayed()) co_return io_fail(ECANCELED, "open", folder_);
    CO_RETURN_IF_ERROR(co_await open_log(*check));
    CO_RETURN_IF_ERROR(check_epochs(*epochs));
    CO_RETURN_IF_ERROR(co_await begin_epoch(state->leader_epoch));
    tasks_.spawn(deliver());
    // Leading means that the epoch's first batch counts.
    while (committed_ < log_->end_offset() && !home_.offline())
        co_await progress_.wait();
    if (home_.offline()) co_return std::unexpected(home_.cause());
    co_return IoResult<void>{};
}

Task<IoResult<void>> OneVoterQuorum::load_snapshot() {
    const auto found = list_snapshots(home_.disk(), folder_);
    if (!found) co_return std::unexpected(found.error());
    if (found->whole.empty()) co_return IoResult<void>{};
    snapshot_ = found->whole.back();
    auto reader = SnapshotReader::open(home_.disk(), folder_, *snapshot_);
    if (!reader) co_return std::unexpected(reader.error());
    listener_->on_snapshot_begin(*snapshot_);
    while (true) {
        const auto batch = co_await reader->next();
        if (!batch) co_return std::unexpected(batch.error());
        if (!*batch) break;
        CO_RETURN_IF_ERROR(hand_over(**batch, true, reader->path()));
    }
    listener_->on_snapshot_end(*snapshot_, reader->last_contained());
    co_return IoResult<void>{};
}

Task<IoResult<void>> OneVoterQuorum::open_log(LogCheck check) {
    const auto snapshots = list_snapshots(home_.disk(), folder_);
    if (!snapshots) co_return std::unexpected(snapshots.error());
    for (const std::string& part : snapshots->parts)
        CO_RETURN_IF_ERROR(home_.disk().remove(part));
    if (check.torn_bytes > 0)
        logger_.warn("cutting " + std::to_string(check.torn_bytes) + " bytes behind offset " +
                     std::to_string(check.end.value) +
                     " of the metadata log, the rest of a write that was never answered: " +
                     check.torn_reason);
    storage::LogOpenOptions options;
    options.partition = {"__cluster_metadata", 0};
    options.topic_id = kMetadataTopicId;
    options.config = options_.log ? options_.log : metadata_log_config({});
    options.recovery_point = snapshot_end();
    auto log = co_await storage::Log::open(home_, std::move(options));
    if (!log) co_return std::unexpected(log.error());
    log_ = std::move(*log);
    log_->observe(this);
    if (log_->end_offset() < snapshot_end()) {
        // The log ends below its snapshot: a restored or emptied folder. The snapshot holds all of
        // it.
        CO_RETURN_IF_ERROR(co_await log_->truncate_fully_and_start_at(snapshot_end()));
    } else if (log_->end_offset() != check.end) {
        co_return damaged(folder_ + ": checked up to offset " + std::to_string(check.end.value) +
                          ", but it opened with " + std::to_string(log_->end_offset().value) +
                          " as its end");
    }
    committed_ = log_->end_offset();
    co_return IoResult<void>{};
}

// Hands the log to the listener, and notes the first and the last batch of every epoch.
class OneVoterQuorum::Replay final : public BatchVisitor {
public:
    explicit Replay(OneVoterQuorum& quorum) : quorum_(quorum) {}

    IoResult<void> visit(const wire::BatchHeader& batch, const std::string& file) override {
        RETURN_IF_ERROR(quorum_.hand_over(batch, false, file));
        const LeaderEpoch epoch = batch.partition_leader_epoch();
        quorum_.epoch_ = std::max(quorum_.epoch_, epoch);
        quorum_.size_bytes_since_snapshot_ += batch.size_bytes();
        if (epochs.empty() || epochs.back().epoch != epoch)
            epochs.push_back({epoch, batch.base_offset(), batch.base_offset()});
        epochs.back().last = batch.base_offset();
        return {};
    }

    std::vector<EpochSeen> epochs;

private:
    OneVoterQuorum& quorum_;
};

Task<IoResult<std::vector<OneVoterQuorum::EpochSeen>>> OneVoterQuorum::replay_log(Offset end) {
    Replay replay(*this);
    CO_RETURN_IF_ERROR(co_await walk_log(home_.disk(), folder_, snapshot_end(), end, replay));
    co_return std::move(replay.epochs);
}

// An epoch is outside of its batch's checksum; the checkpoint is its second witness. Epochs do not
// go back, so their ends tell of all between.
IoResult<void> OneVoterQuorum::check_epochs(const std::vector<EpochSeen>& seen) const {
    for (const EpochSeen& epoch : seen) {
        for (const Offset at : {epoch.first, epoch.last}) {
            if (log_->leader_epochs().epoch_at(at) != epoch.epoch)
                return damaged(folder_ + " at offset " + std::to_string(at.value) +
                               ": the batch is of epoch " + std::to_string(epoch.epoch.value) +
                               ", and leader-epoch-checkpoint says another");
        }
    }
    return {};
}

IoResult<void> OneVoterQuorum::hand_over(const wire::BatchHeader& batch, bool from_snapshot,
                                         std::string_view file) {
    const auto place = [&](const std::string& reason) {
        return damaged(std::string(file) + " at offset " +
                       std::to_string(batch.base_offset().value) + ": " + reason);
    };
    CommittedBatch out;
    out.base_offset = batch.base_offset();
    out.last_offset = batch.last_offset();
    out.epoch = batch.partition_leader_epoch();
    out.appended = WallTime{batch.max_timestamp()};
    out.size_bytes = batch.size_bytes();
    Buffer storage;
    const auto records = wire::records_of(batch, kBatchBytesMax * 4, storage);
    if (!records) return place(records.error().message);
    std::vector<BytesView> values;
    wire::RecordIterator iterator(batch, *records);
    for (wire::Record record; iterator.next(record);) {
        if (batch.is_control()) {
            const auto taken = take_control_record(record, from_snapshot);
            if (!taken) return place(taken.error().subject);
        } else if (record.value) {
            values.push_back(*record.value);
        }
    }
    if (!iterator.ok()) return place(iterator.error());
    out.values = values;
    if (from_snapshot) {
        listener_->on_snapshot_batch(out);
    } else {
        listener_->on_commit(out);
    }
    return {};
}

IoResult<void> OneVoterQuorum::take_control_record(const wire::Record& record, bool from_snapshot) {
    const auto type = wire::control_type(record);
    if (!type || !record.value) return {};
    wire::Reader reader(*record.value);
    if (*type == wire::ControlType::kraft_version) {
        wire::KRaftVersionRecord message;
        message.decode(reader, 0);
        kraft_version_ = message.kraft_version;
    } else if (*type == wire::ControlType::leader_change) {
        auto voters = voters_of_leader_change(*record.value);
        if (!voters) return damaged("a LeaderChange record");
        static_voters_ = *std::move(voters);
    } else if (*type == wire::ControlType::kraft_voters) {
        wire::VotersRecord message;
        message.decode(reader, 0);
        voters_ = voters_of(message);
        voters_in_log_ = voters_in_log_ || !from_snapshot || snapshot_end() > Offset{0};
    }
    if (!reader.ok()) return damaged("a control record: " + reader.error());
    return {};
}

// Nothing is written before this has passed: a directory that is another quorum's stays as it is.
IoResult<void> OneVoterQuorum::check_voters(const QuorumState& state) {
    if (voters_.empty() && kraft_version_ > 0)
        return io_fail(ENOTSUP, "open",
                       folder_ +
                           ": formatted without voters, to join a quorum that runs already; "
                           "this version runs quorums of one voter (format it with "
                           "--standalone)");
    const std::string self_text = "this is node " + std::to_string(options_.node.value) +
                                  " (directory " + options_.directory_id.to_string() + ")";
    std::string names;
    const auto add = [&names](const std::string& name) {
        names += (names.empty() ? "" : ", ") + name;
    };
    if (voters_.empty()) {
        // A quorum of before KIP-853: who votes stands in the configuration, and in what the last
        // election and the last leader left.
        std::set<std::int32_t> told;
        for (const NodeId id : state.current_voters)
            told.insert(id.value);
        for (const NodeId id : static_voters_)
            told.insert(id.value);
        if (told.empty() || told == std::set{options_.node.value}) {
            Voter self;
            self.id = options_.node;
            self.directory_id = options_.directory_id;
            voters_.push_back(std::move(self));
            return {};
        }
        for (const std::int32_t id : told)
            add(std::to_string(id));
    } else {
        const Voter& first = voters_.front();
        if (voters_.size() == 1 && first.id == options_.node &&
            (options_.directory_id.is_zero() || first.directory_id == options_.directory_id))
            return {};
        for (const Voter& voter : voters_)
            add(std::to_string(voter.id.value) + " (directory " + voter.directory_id.to_string() +
                ")");
    }
    // What leads from there to here.
    const bool is_voter = std::ranges::find(voters_, options_.node, &Voter::id) != voters_.end();
    const std::string way =
        voters_.size() > 1 && is_voter
            ? ". Remove the other voters first, in Apache Kafka: kafka-metadata-quorum "
              "remove-controller"
            : ". Let clients copy its topics, or open the directory of a node that is the only "
              "voter";
    return io_fail(ENOTSUP, "open",
                   folder_ + ": its voters are " + names + ", and " + self_text +
                       "; this version runs quorums of one voter" + way);
}

Task<IoResult<void>> OneVoterQuorum::begin_epoch(LeaderEpoch at_least) {
    epoch_ = std::max(epoch_, at_least);
    if (const auto newest = log_->leader_epochs().latest()) epoch_ = std::max(epoch_, *newest);
    if (snapshot_) epoch_ = std::max(epoch_, LeaderEpoch{snapshot_->epoch});
    epoch_.value += 1;
    // Term and vote are durable before the first batch of the term.
    QuorumState state;
    state.leader_id = options_.node;
    state.leader_epoch = epoch_;
    if (!home_.disk().exists(folder_)) {
        CO_RETURN_IF_ERROR(home_.disk().make_folder(folder_));
        CO_RETURN_IF_ERROR(co_await home_.disk().sync_folder(home_.path()));
    }
    CO_RETURN_IF_ERROR(co_await storage::replace_file(
        home_.disk(), folder_, std::string(kQuorumStateFile), state.to_text()));
    auto mark = CommitMarkWriter::open(home_.disk(), folder_);
    if (!mark) co_return std::unexpected(mark.error());
    mark_.emplace(std::move(*mark));
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
    while (true) {
        const Offset flushed =
            CAUCE_MUTANT("metadata-before-flush") ? log_->end_offset() : log_->flushed_offset();
        if (!pending_.empty() && pending_.front().last_offset < flushed) {
            // Before anybody is told: what was told must be known to have counted.
            const CommitMark mark{flushed, epoch_};
            if (const auto written = mark_->write(mark); !written)
                logger_.warn("cannot note what has committed: " +
                             home_.judge_write(written.error()).to_string());
            while (!pending_.empty() && pending_.front().last_offset < flushed)
                deliver_front();
            progress_.notify_all();
        }
        if (home_.offline()) {
            leading_ = false;
            if (!stopping_) listener_->on_failure(home_.cause());
            co_return;
        }
        if (stopping_ && pending_.empty()) co_return;
        // The flush may have gone on while the listener was told.
        if (!pending_.empty() && pending_.front().last_offset < log_->flushed_offset()) continue;
        co_await progress_.wait();
    }
}

void OneVoterQuorum::deliver_front() {
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
    if (!std::exchange(told_leader_, true)) listener_->on_leader_change({options_.node, epoch_});
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
    const std::uint64_t size_bytes_before = size_bytes_since_snapshot_;
    // A segment of its own for what comes after, so that all before can go with the next snapshot.
    CO_RETURN_IF_ERROR(log_->roll());
    auto writer = SnapshotWriter::create(home_.disk(), folder_, id, home_.shards().clock().wall());
    if (!writer) co_return std::unexpected(writer.error());
    CO_RETURN_IF_ERROR(writer->add_header(last_contained, kraft_version_, voters_));
    metadata::RecordList records;
    bool more = true;
    while (more) {
        records.clear();
        more = source.next(records, kSnapshotBytes);
        CO_RETURN_IF_ERROR(writer->add(records));
        co_await runtime::yield();
    }
    CO_RETURN_IF_ERROR(co_await writer->finish());
    snapshot_ = id;
    size_bytes_since_snapshot_ -= size_bytes_before;
    co_return co_await clean_up_before(id);
}

Task<IoResult<void>> OneVoterQuorum::clean_up_before(SnapshotId id) {
    const auto old = list_snapshots(home_.disk(), folder_);
    if (!old) co_return std::unexpected(old.error());
    for (const SnapshotId& other : old->whole) {
        if (other < id) CO_RETURN_IF_ERROR(home_.disk().remove(snapshot_path(folder_, other)));
    }
    const auto advanced = log_->advance_start_offset(id.end_offset);
    if (!advanced) co_return std::unexpected(advanced.error());
    const auto deleted = co_await log_->delete_old_segments(id.end_offset);
    if (!deleted) co_return std::unexpected(deleted.error());
    co_return IoResult<void>{};
}

}  // namespace cauce::quorum
