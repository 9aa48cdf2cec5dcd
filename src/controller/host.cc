#include "controller/host.h"

#include "base/check.h"
#include "controller/quorum_description.h"
#include "controller/state/activation.h"
#include "controller/state/broker_sessions.h"
#include "controller/state/brokers.h"
#include "controller/state/configs.h"
#include "controller/state/context.h"
#include "controller/state/directories.h"
#include "controller/state/elections.h"
#include "controller/state/features.h"
#include "controller/state/isr.h"
#include "controller/state/partitions.h"
#include "controller/state/producer_ids.h"
#include "controller/state/reassignments.h"
#include "controller/state/topics.h"
#include "metadata/image_builder.h"
#include "metadata/image_records.h"
#include "runtime/event.h"
#include "runtime/task_group.h"
#include "wire/messages/allocate_producer_ids_request.h"
#include "wire/messages/allocate_producer_ids_response.h"
#include "wire/messages/alter_configs_request.h"
#include "wire/messages/alter_configs_response.h"
#include "wire/messages/alter_partition_reassignments_request.h"
#include "wire/messages/alter_partition_reassignments_response.h"
#include "wire/messages/alter_partition_request.h"
#include "wire/messages/alter_partition_response.h"
#include "wire/messages/broker_heartbeat_request.h"
#include "wire/messages/broker_heartbeat_response.h"
#include "wire/messages/broker_registration_request.h"
#include "wire/messages/broker_registration_response.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/describe_quorum_request.h"
#include "wire/messages/describe_quorum_response.h"
#include "wire/messages/elect_leaders_request.h"
#include "wire/messages/elect_leaders_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"
#include "wire/messages/update_features_request.h"
#include "wire/messages/update_features_response.h"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>

namespace cauce::controller {

namespace {

using metadata::ImagePointer;
using metadata::RecordList;
using runtime::Task;

// Until something that failed is tried again.
constexpr Duration kRetry = seconds(10);

class SeamChance final : public state::Chance {
public:
    explicit SeamChance(runtime::Random& random) : random_(random) {}
    std::uint64_t below(std::uint64_t bound) override { return random_.below(bound); }
    Uuid uuid() override { return random_.uuid(); }

private:
    runtime::Random& random_;
};

class ImageSource final : public quorum::SnapshotSource {
public:
    explicit ImageSource(ImagePointer image) : records_(std::move(image)) {}
    bool next(RecordList& into, std::size_t size_bytes_wanted) override {
        return records_.next(into, size_bytes_wanted);
    }

private:
    metadata::ImageRecords records_;
};

// The whole request failed: every topic of it is told so.
Reply<wire::CreateTopicsResponse> refuse(const wire::CreateTopicsRequest& request, ErrorCode code) {
    Reply<wire::CreateTopicsResponse> reply;
    for (const auto& topic : request.topics) {
        auto& result = reply.response.topics.emplace_back();
        result.name = topic.name;
        result.error_code = to_wire(code);
        result.error_message.reset();
    }
    return reply;
}

Reply<wire::DeleteTopicsResponse> refuse(const wire::DeleteTopicsRequest& request, ErrorCode code) {
    Reply<wire::DeleteTopicsResponse> reply;
    const auto add = [&](std::optional<std::string_view> name, TopicId id) {
        auto& result = reply.response.responses.emplace_back();
        result.name = name;
        result.topic_id = id;
        result.error_code = to_wire(code);
    };
    for (const auto& topic : request.topics)
        add(topic.name, topic.topic_id);
    for (std::string_view name : request.topic_names)
        add(name, {});
    return reply;
}

Reply<wire::CreatePartitionsResponse> refuse(const wire::CreatePartitionsRequest& request,
                                             ErrorCode code) {
    Reply<wire::CreatePartitionsResponse> reply;
    for (const auto& topic : request.topics) {
        auto& result = reply.response.results.emplace_back();
        result.name = topic.name;
        result.error_code = to_wire(code);
    }
    return reply;
}

template <typename Response, typename Request>
Reply<Response> refuse_resources(const Request& request, ErrorCode code) {
    Reply<Response> reply;
    for (const auto& resource : request.resources) {
        auto& result = reply.response.responses.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_code = to_wire(code);
        result.error_message.reset();
    }
    return reply;
}

Reply<wire::AlterConfigsResponse> refuse(const wire::AlterConfigsRequest& request, ErrorCode code) {
    return refuse_resources<wire::AlterConfigsResponse>(request, code);
}
Reply<wire::IncrementalAlterConfigsResponse> refuse(
    const wire::IncrementalAlterConfigsRequest& request, ErrorCode code) {
    return refuse_resources<wire::IncrementalAlterConfigsResponse>(request, code);
}

Reply<wire::ElectLeadersResponse> refuse(const wire::ElectLeadersRequest& request, ErrorCode code) {
    return state::refuse_elections(request, code, std::string(error_name(code)));
}

Reply<wire::AlterPartitionReassignmentsResponse> refuse(
    const wire::AlterPartitionReassignmentsRequest& request, ErrorCode code) {
    Reply<wire::AlterPartitionReassignmentsResponse> reply;
    reply.response.allow_replication_factor_change = request.allow_replication_factor_change;
    reply.response.error_code = to_wire(code);
    reply.response.error_message.reset();
    return reply;
}

Reply<wire::UpdateFeaturesResponse> refuse(const wire::UpdateFeaturesRequest&, ErrorCode code) {
    Reply<wire::UpdateFeaturesResponse> reply;
    reply.response.error_code = to_wire(code);
    reply.response.error_message.reset();
    return reply;
}

// A number of this controller's file.
std::int64_t setting(const metadata::StaticConfig& file, NodeId node, std::string_view key) {
    const metadata::Image nothing_set;
    return metadata::config_integer(
        *metadata::EffectiveConfig(nothing_set, file, node).broker_value(key));
}

template <typename Response>
Reply<Response> refuse_whole(ErrorCode code) {
    Reply<Response> reply;
    reply.response.error_code = to_wire(code);
    reply.refused = error_name(code);
    return reply;
}

Reply<wire::AllocateProducerIdsResponse> refuse(const wire::AllocateProducerIdsRequest&,
                                                ErrorCode code) {
    return refuse_whole<wire::AllocateProducerIdsResponse>(code);
}

Reply<wire::AlterPartitionResponse> refuse(const wire::AlterPartitionRequest&, ErrorCode code) {
    return refuse_whole<wire::AlterPartitionResponse>(code);
}

}  // namespace

class Host::State final : public quorum::Listener {
public:
    State(HostOptions options, runtime::Shards& shards, quorum::Quorum& quorum, Logger log)
        : options_(std::move(options)),
          shards_(shards),
          quorum_(quorum),
          log_(std::move(log)),
          snapshot_size_bytes_(static_cast<std::uint64_t>(setting(
              options_.config, options_.node, "metadata.log.max.record.bytes.between.snapshots"))),
          snapshot_interval_(
              setting(options_.config, options_.node, "metadata.log.max.snapshot.interval.ms")),
          chance_(shards.random()),
          sessions_(options_.broker_session_timeout),
          incarnation_(shards.random().uuid()),
          last_snapshot_(shards.clock().now()),
          tasks_(shards.ready()) {}

    void on_image(ImageListener listener) { image_listener_ = std::move(listener); }
    void on_failure_do(std::function<void(const IoError&)> listener) {
        failure_listener_ = std::move(listener);
    }

    Task<Result<void>> start() {
        const IoResult<void> started = co_await quorum_.start(*this);
        if (error_) co_return std::unexpected(*error_);
        if (!started)
            co_return fail(ErrorCode::kafka_storage_error,
                           "the metadata log cannot be used: " + started.error().to_string());
        if (error_) co_return std::unexpected(*error_);
        started_ = true;
        publish();
        tasks_.spawn(keep_publishing());
        tasks_.spawn(keep_house());
        // With one voter this node leads as soon as its epoch has begun.
        if (quorum_.is_leader()) co_await activated_.wait();
        if (error_) co_return std::unexpected(*error_);
        co_return Result<void>{};
    }

    Task<void> stop() {
        active_ = false;
        fail_waiters(ErrorCode::not_controller);
        stopping_ = true;
        committed_something_.notify_all();
        housework_.notify_all();
        co_await tasks_.join();
        co_await quorum_.stop();
    }

    ImagePointer image() const { return image_; }
    bool is_active() const { return active_; }
    quorum::QuorumStatus quorum_status() const { return quorum_.status(); }

    // What most requests are: a rule makes records and the reply, which is good when they have
    // committed.
    template <typename Request, typename Rule>
    auto change(const Request& request, Rule rule, MonoTime deadline)
        -> Task<decltype(refuse(request, ErrorCode::none))> {
        if (!active_) co_return refuse(request, ErrorCode::not_controller);
        auto outcome = decide(rule, request);
        const ErrorCode fate = co_await commit(outcome.records, deadline);
        if (fate != ErrorCode::none) co_return refuse(request, fate);
        co_return std::move(outcome.reply);
    }

    Task<Reply<wire::UpdateFeaturesResponse>> update_features(
        const wire::UpdateFeaturesRequest& request, MonoTime deadline) {
        if (!active_) co_return refuse(request, ErrorCode::not_controller);
        const std::int16_t kraft_version = quorum_.status().kraft_version;
        auto outcome = state::update_features(context(), kraft_version, request);
        if (outcome.reply.response.error_code != 0) log_.warn(outcome.reply.refused);
        const ErrorCode fate = co_await commit(outcome.records, deadline);
        if (fate != ErrorCode::none) co_return refuse(request, fate);
        if (outcome.reply.response.error_code == 0 && !request.validate_only) {
            for (const auto& update : request.feature_updates)
                log_.info("feature " + std::string(update.feature) + " is at level " +
                          std::to_string(update.max_version_level) + " now");
        }
        co_return std::move(outcome.reply);
    }

    Task<Reply<wire::DescribeQuorumResponse>> describe_quorum(
        const wire::DescribeQuorumRequest& request) {
        co_return controller::describe_quorum(quorum_.status(), shards_.clock().wall(), request);
    }

    Task<Reply<wire::BrokerRegistrationResponse>> register_broker(
        const wire::BrokerRegistrationRequest& request, MonoTime deadline) {
        using Response = wire::BrokerRegistrationResponse;
        if (!active_) co_return refuse_whole<Response>(ErrorCode::not_controller);
        state::RegistrationFacts facts;
        facts.cluster_id = options_.cluster_id.empty() ? request.cluster_id : options_.cluster_id;
        facts.next_offset = quorum_.next_offset();
        facts.now = shards_.clock().now();
        auto outcome = state::register_broker(context(), sessions_, facts, request);
        const NodeId broker{request.broker_id};
        if (outcome.reply.response.error_code != 0) {
            log_.warn("refused the registration of broker " + std::to_string(broker.value) + ": " +
                      outcome.reply.refused);
            co_return std::move(outcome.reply);
        }
        const ErrorCode fate = co_await commit_registration(broker, outcome, deadline);
        if (fate != ErrorCode::none) co_return refuse_whole<Response>(fate);
        log_.info("broker " + std::to_string(broker.value) + " registered with epoch " +
                  std::to_string(outcome.reply.response.broker_epoch));
        co_return std::move(outcome.reply);
    }

    Task<Result<void>> assign_directories(NodeId broker, std::int64_t broker_epoch,
                                          std::vector<state::DirectoryAssignment> assignments,
                                          MonoTime deadline) {
        if (!active_) co_return fail(ErrorCode::not_controller);
        const auto records =
            state::assign_directories(context(), broker, broker_epoch, assignments);
        if (!records) co_return std::unexpected(records.error());
        const ErrorCode fate = co_await commit(*records, deadline);
        if (fate != ErrorCode::none) co_return fail(fate);
        co_return Result<void>{};
    }

    Task<Reply<wire::BrokerHeartbeatResponse>> heartbeat(
        const wire::BrokerHeartbeatRequest& request, MonoTime deadline) {
        using Response = wire::BrokerHeartbeatResponse;
        if (!active_) co_return refuse_whole<Response>(ErrorCode::not_controller);
        auto outcome = state::heartbeat(context(), sessions_, request);
        if (outcome.reply.response.error_code != 0) co_return std::move(outcome.reply);
        const NodeId broker{request.broker_id};
        sessions_.heard_from(broker, request.current_metadata_offset, shards_.clock().now());
        const bool leaving = request.want_shut_down && !outcome.reply.response.should_shut_down;
        const bool changes = !outcome.records.empty();
        Task<ErrorCode> committing = commit(outcome.records, deadline);
        const ErrorCode fate = co_await committing;
        if (fate != ErrorCode::none) co_return refuse_whole<Response>(fate);
        // Everybody must have seen who leads instead before this one may go.
        if (leaving && changes) sessions_.controlled_shutdown_at(broker, image_->position().offset);
        housework_.notify_all();
        co_return std::move(outcome.reply);
    }

    // ---- what the quorum tells ----

    void on_snapshot_begin(const quorum::SnapshotId& id) override {
        loading_ = id;
        // The bootstrap snapshot is no state: what it holds is written to the log by the first
        // leader, so that the log alone tells everything (KIP-853).
        if (id.end_offset == Offset{0}) return;
        committed_.reset(metadata::Image());
        log_is_empty_ = false;
    }

    void on_snapshot_batch(const quorum::CommittedBatch& batch) override {
        for (BytesView value : batch.values) {
            if (loading_.end_offset == Offset{0}) {
                bootstrap_.add_encoded(value);
            } else {
                replay_committed(value, batch);
            }
        }
    }

    void on_snapshot_end(const quorum::SnapshotId& id, WallTime last_contained) override {
        if (id.end_offset == Offset{0}) return;
        committed_.set_position({id.end_offset - 1, LeaderEpoch{id.epoch}, last_contained});
        last_snapshot_ = shards_.clock().now();
        if (started_) committed_something_.notify_all();
    }

    void on_commit(const quorum::CommittedBatch& batch) override {
        for (BytesView value : batch.values)
            replay_committed(value, batch);
        if (!batch.values.empty()) {
            log_is_empty_ = false;
            changed_since_snapshot_ = true;
        }
        committed_.set_position({batch.last_offset, batch.epoch, batch.appended});
        if (started_) committed_something_.notify_all();
    }

    bool on_replayed() override {
        if (error_) return false;
        // A log that is new begins with what the format step left.
        metadata::ImageBuilder preview(committed_.current());
        Result<void> fit;
        for (std::size_t i = 0; log_is_empty_ && fit && i < bootstrap_.size(); ++i)
            fit = preview.replay(bootstrap_[i]);
        if (fit && (!log_is_empty_ || !bootstrap_.empty()))
            fit = state::check_image(preview.current());
        if (fit && options_.accept) fit = options_.accept(preview.current());
        if (fit) return true;
        error_ = fit.error();
        return false;
    }

    void on_leader_change(const quorum::LeaderAndEpoch& leader) override {
        if (leader.leader == options_.node) {
            tasks_.spawn(activate());
            return;
        }
        if (active_) log_.info("another controller leads now");
        active_ = false;
        // Proposals of ours may or may not count: whoever asked has to look.
        fail_waiters(ErrorCode::not_controller);
    }

    void on_failure(const IoError& error) override {
        log_.error("the metadata log failed: " + error.to_string());
        active_ = false;
        if (!error_) error_ = Error{ErrorCode::kafka_storage_error, error.to_string()};
        fail_waiters(ErrorCode::kafka_storage_error);
        activated_.set();
        if (failure_listener_) failure_listener_(error);
    }

private:
    // A request whose records are under way. In the frame of its coroutine.
    struct Waiter {
        runtime::Event done;
        ErrorCode fate = ErrorCode::none;
    };
    using Waiters = std::multimap<Offset, Waiter*>;

    // Takes a waiter out again, however its coroutine ends.
    class Entry {
    public:
        Entry(Waiters& waiters, Offset last, Waiter& waiter)
            : waiters_(waiters), place_(waiters.emplace(last, &waiter)), waiter_(waiter) {}
        Entry(const Entry&) = delete;
        ~Entry() {
            if (!waiter_.done.is_set()) waiters_.erase(place_);
        }

    private:
        Waiters& waiters_;
        Waiters::iterator place_;
        Waiter& waiter_;
    };

    state::Context context() const { return {latest_.current(), options_.config, options_.node}; }

    template <typename Rule, typename Request>
    auto decide(Rule rule, const Request& request) {
        if constexpr (std::is_invocable_v<Rule, state::Context, state::Chance&, const Request&>) {
            return rule(context(), chance_, request);
        } else {
            return rule(context(), request);
        }
    }

    // Proposes and waits until it counts. Without records it waits for what the answer was made
    // from.
    Task<ErrorCode> commit(const RecordList& records, MonoTime deadline) {
        if (!records.empty()) {
            const Result<void> proposed = propose(records);
            if (!proposed) co_return proposed.error().code;
        }
        co_return co_await committed_up_to(latest_.current().position().offset, deadline);
    }

    Task<ErrorCode> commit_registration(
        NodeId broker, const state::Outcome<wire::BrokerRegistrationResponse>& outcome,
        MonoTime deadline) {
        const Result<void> proposed = propose(outcome.records);
        if (!proposed) co_return proposed.error().code;
        sessions_.registered(broker, outcome.reply.response.broker_epoch, shards_.clock().now());
        co_return co_await committed_up_to(latest_.current().position().offset, deadline);
    }

    Result<void> propose(const RecordList& records) {
        const auto proposed = quorum_.propose(records);
        if (!proposed) {
            log_.warn("a change was not taken: " + proposed.error().message);
            return std::unexpected(proposed.error());
        }
        for (std::size_t i = 0; i < records.size(); ++i) {
            const auto replayed = latest_.replay(records[i]);
            // Records of our own making, checked against this very image.
            CHECK(replayed.has_value(), replayed.error().message);
        }
        latest_.set_position({proposed->last_offset, proposed->epoch, shards_.clock().wall()});
        return {};
    }

    Task<ErrorCode> committed_up_to(Offset last, MonoTime deadline) {
        if (image_->position().offset >= last) co_return ErrorCode::none;
        Waiter waiter;
        Entry entry(waiters_, last, waiter);
        const bool decided = co_await waiter.done.wait_until(shards_.timers(), deadline);
        co_return decided ? waiter.fate : ErrorCode::request_timed_out;
    }

    void fail_waiters(ErrorCode code) {
        for (auto& [last, waiter] : std::exchange(waiters_, {})) {
            waiter->fate = code;
            waiter->done.set();
        }
    }

    void replay_committed(BytesView value, const quorum::CommittedBatch& batch) {
        if (error_) return;
        const auto replayed = committed_.replay(value);
        if (replayed) return;
        error_ = Error{replayed.error().code, "the metadata log contradicts itself at offset " +
                                                  std::to_string(batch.base_offset.value) + ": " +
                                                  replayed.error().message};
        log_.error(error_->message);
        active_ = false;
        activated_.set();
    }

    // Commits come in runs: what is published is the state after the run.
    Task<void> keep_publishing() {
        while (!stopping_) {
            publish();
            co_await committed_something_.wait();
        }
    }

    void publish() {
        const metadata::LogPosition position = committed_.current().position();
        if (!image_ || published_ != position) {
            published_ = position;
            // Inside a metadata transaction the old image goes on being the newest one.
            const ImagePointer newest = committed_.publish();
            const bool changed = newest != image_;
            image_ = newest;
            if (changed && image_listener_ && !error_) image_listener_(image_);
        }
        while (!waiters_.empty() && waiters_.begin()->first <= position.offset) {
            Waiter* waiter = waiters_.begin()->second;
            waiters_.erase(waiters_.begin());
            waiter->done.set();
        }
        // Nothing is under way: both sides are equal, and share their memory again.
        if (active_ && latest_.current().position().offset == image_->position().offset)
            latest_.reset(*image_);
        housework_.notify_all();
    }

    Task<void> activate() {
        // Everything committed was delivered, so what is published is what there is.
        publish();
        latest_.reset(*image_);
        sessions_.set_immortal(options_.node);
        sessions_.begin(*image_, shards_.clock().now(), options_.node);
        const bool in_transaction = committed_.in_transaction();
        const auto records =
            state::activation_records(context(), log_is_empty_, in_transaction, bootstrap_);
        if (!records) {
            error_ = records.error();
            log_.error(error_->message);
            activated_.set();
            co_return;
        }
        if (!records->empty()) {
            if (log_is_empty_) log_.info("the metadata log is new: writing its first records");
            const Result<void> proposed =
                in_transaction ? abort_transaction(*records) : propose(*records);
            if (!proposed) error_ = proposed.error();
        }
        if (!error_ && !options_.controller_endpoints.empty()) {
            const state::ControllerFacts facts{options_.node, incarnation_,
                                               options_.controller_endpoints};
            const RecordList registration = state::register_controller(context(), facts);
            if (!registration.empty()) {
                const Result<void> proposed = propose(registration);
                if (!proposed) error_ = proposed.error();
            }
        }
        if (!error_) {
            const Offset last = latest_.current().position().offset;
            const ErrorCode fate = co_await committed_up_to(last, MonoTime::never());
            active_ = fate == ErrorCode::none && !error_ && !stopping_;
        }
        activated_.set();
        housework_.notify_all();
    }

    // The half transaction is in no image, so there is nothing to take back here.
    Result<void> abort_transaction(const RecordList& records) {
        const auto proposed = quorum_.propose(records);
        if (!proposed) return std::unexpected(proposed.error());
        latest_.set_position({proposed->last_offset, proposed->epoch, shards_.clock().wall()});
        return {};
    }

    // Sessions that end, snapshots that are due. Sleeps without a deadline when neither can be.
    Task<void> keep_house() {
        while (!stopping_) {
            const bool held_up = active_ && !fence_expired();
            if (snapshot_due()) {
                co_await take_snapshot();
                continue;
            }
            MonoTime next = std::min(next_session_end(), snapshot_deadline());
            // A log that takes nothing now, a full disk most likely, may take it later.
            if (held_up) next = shards_.clock().now() + kRetry;
            co_await housework_.wait_until(shards_.timers(), next);
        }
    }

    MonoTime next_session_end() const {
        return active_ ? sessions_.next_expiry(latest_.current()) : MonoTime::never();
    }

    // False when one could not be written.
    bool fence_expired() {
        for (NodeId broker : sessions_.expired(latest_.current(), shards_.clock().now())) {
            log_.warn("fencing broker " + std::to_string(broker.value) +
                      ": it has not been heard from for " +
                      std::to_string(options_.broker_session_timeout.count()) + " ms");
            const RecordList records = state::fence_broker(context(), broker);
            if (!propose(records)) return false;
        }
        return true;
    }

    bool snapshot_due() const {
        if (!changed_since_snapshot_ || error_ || committed_.in_transaction()) return false;
        const MonoTime now = shards_.clock().now();
        if (now < next_try_) return false;
        return quorum_.size_bytes_since_snapshot() >= snapshot_size_bytes_ ||
               now >= snapshot_deadline();
    }

    MonoTime snapshot_deadline() const {
        if (!changed_since_snapshot_ || error_) return MonoTime::never();
        if (quorum_.size_bytes_since_snapshot() >= snapshot_size_bytes_) return next_try_;
        if (snapshot_interval_.count() == 0) return MonoTime::never();
        return std::max(next_try_, last_snapshot_ + Duration(snapshot_interval_));
    }

    Task<void> take_snapshot() {
        const ImagePointer image = image_;
        const metadata::LogPosition position = image->position();
        const quorum::SnapshotId id{position.offset + 1, position.epoch.value};
        changed_since_snapshot_ = false;
        ImageSource source(image);
        const IoResult<void> written =
            co_await quorum_.write_snapshot(id, position.appended, source);
        last_snapshot_ = shards_.clock().now();
        if (written) {
            log_.info("wrote snapshot " + id.to_string());
        } else {
            // The log alone is still complete: no reason to stop, but the disk should be looked at.
            changed_since_snapshot_ = true;
            next_try_ = last_snapshot_ + kRetry;
            log_.error("cannot write snapshot " + id.to_string() + ": " +
                       written.error().to_string());
        }
    }

    // Constant after construction.
    const HostOptions options_;
    runtime::Shards& shards_;
    quorum::Quorum& quorum_;
    const Logger log_;
    const std::uint64_t snapshot_size_bytes_;
    const milliseconds snapshot_interval_;  // 0: none by time
    ImageListener image_listener_;
    std::function<void(const IoError&)> failure_listener_;

    // State.
    metadata::ImageBuilder committed_;
    // With the proposals under way. What requests are checked against while active.
    metadata::ImageBuilder latest_;
    ImagePointer image_;
    metadata::LogPosition published_;
    RecordList bootstrap_;
    quorum::SnapshotId loading_;
    SeamChance chance_;
    state::BrokerSessions sessions_;
    Uuid incarnation_;
    bool log_is_empty_ = true;
    bool started_ = false;
    bool active_ = false;
    bool stopping_ = false;
    bool changed_since_snapshot_ = false;
    MonoTime last_snapshot_;
    MonoTime next_try_;  // of a snapshot, after one that failed
    std::optional<Error> error_;

    // Waiters.
    Waiters waiters_;
    runtime::Event activated_;
    runtime::WaitList committed_something_;
    runtime::WaitList housework_;
    runtime::TaskGroup tasks_;
};

Host::Host(HostOptions options, runtime::Shards& shards, quorum::Quorum& quorum, Logger log)
    : state_(std::make_unique<State>(std::move(options), shards, quorum, std::move(log))) {}
Host::~Host() = default;

void Host::on_image(ImageListener listener) {
    state_->on_image(std::move(listener));
}
void Host::on_failure(std::function<void(const IoError&)> listener) {
    state_->on_failure_do(std::move(listener));
}
Task<Result<void>> Host::start() {
    return state_->start();
}
Task<void> Host::stop() {
    return state_->stop();
}
ImagePointer Host::image() const {
    return state_->image();
}
bool Host::is_active() const {
    return state_->is_active();
}
quorum::QuorumStatus Host::quorum_status() const {
    return state_->quorum_status();
}
Task<Reply<wire::CreateTopicsResponse>> Host::create_topics(
    const wire::CreateTopicsRequest& request, MonoTime deadline) {
    return state_->change(request, state::create_topics, deadline);
}
Task<Reply<wire::DeleteTopicsResponse>> Host::delete_topics(
    const wire::DeleteTopicsRequest& request, MonoTime deadline) {
    return state_->change(request, state::delete_topics, deadline);
}
Task<Reply<wire::CreatePartitionsResponse>> Host::create_partitions(
    const wire::CreatePartitionsRequest& request, MonoTime deadline) {
    return state_->change(request, state::create_partitions, deadline);
}
Task<Reply<wire::AlterConfigsResponse>> Host::alter_configs(
    const wire::AlterConfigsRequest& request, MonoTime deadline) {
    return state_->change(request, state::alter_configs, deadline);
}
Task<Reply<wire::IncrementalAlterConfigsResponse>> Host::incremental_alter_configs(
    const wire::IncrementalAlterConfigsRequest& request, MonoTime deadline) {
    return state_->change(request, state::incremental_alter_configs, deadline);
}
Task<Reply<wire::ElectLeadersResponse>> Host::elect_leaders(
    const wire::ElectLeadersRequest& request, MonoTime deadline) {
    return state_->change(request, state::elect_leaders, deadline);
}
Task<Reply<wire::AlterPartitionReassignmentsResponse>> Host::alter_partition_reassignments(
    const wire::AlterPartitionReassignmentsRequest& request, MonoTime deadline) {
    return state_->change(request, state::alter_partition_reassignments, deadline);
}
Task<Reply<wire::UpdateFeaturesResponse>> Host::update_features(
    const wire::UpdateFeaturesRequest& request, MonoTime deadline) {
    return state_->update_features(request, deadline);
}
Task<Reply<wire::DescribeQuorumResponse>> Host::describe_quorum(
    const wire::DescribeQuorumRequest& request, MonoTime) {
    return state_->describe_quorum(request);
}
Task<Reply<wire::AllocateProducerIdsResponse>> Host::allocate_producer_ids(
    const wire::AllocateProducerIdsRequest& request, MonoTime deadline) {
    return state_->change(request, state::allocate_producer_ids, deadline);
}
Task<Reply<wire::AlterPartitionResponse>> Host::alter_partition(
    const wire::AlterPartitionRequest& request, MonoTime deadline) {
    return state_->change(request, state::alter_partition, deadline);
}
Task<Reply<wire::BrokerRegistrationResponse>> Host::register_broker(
    const wire::BrokerRegistrationRequest& request, MonoTime deadline) {
    return state_->register_broker(request, deadline);
}
Task<Result<void>> Host::assign_directories(NodeId broker, std::int64_t broker_epoch,
                                            std::vector<state::DirectoryAssignment> assignments,
                                            MonoTime deadline) {
    return state_->assign_directories(broker, broker_epoch, std::move(assignments), deadline);
}
Task<Reply<wire::BrokerHeartbeatResponse>> Host::heartbeat(
    const wire::BrokerHeartbeatRequest& request, MonoTime deadline) {
    return state_->heartbeat(request, deadline);
}

}  // namespace cauce::controller
