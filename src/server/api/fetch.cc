#include "server/api/fetch.h"

#include "metadata/image.h"
#include "replica/partition_table.h"
#include "server/fetch_session.h"
#include "server/fetch_wait.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace cauce::server::api {

namespace {

using Request = wire::FetchRequest;
using Response = wire::FetchResponse;

constexpr std::int16_t kFirstVersionWithIds = 13;
constexpr std::int32_t kNoSession = 0;
constexpr std::int32_t kInitialEpoch = 0;  // makes a session
constexpr std::int32_t kFinalEpoch = -1;   // ends one, or never had one

// What this request reads: the items of a session, or its own.
struct Plan {
    std::shared_ptr<FetchSession> session;  // null: sessionless
    FetchSession::Items own;
    bool incremental = false;  // only what changed is answered

    FetchSession::Items& items() { return session ? session->items() : own; }

    // While a fetch runs it holds places in the session's list.
    void begin() {
        if (session) session->busy = true;
    }
    ~Plan() {
        if (session) session->busy = false;
    }
    Plan() = default;
    Plan(Plan&&) = default;
};

FetchItem item_of(const metadata::Image& image, const Request::FetchTopic& topic,
                  const Request::FetchPartition& partition, bool by_id) {
    FetchItem item;
    item.partition.partition = partition.partition;
    if (by_id) {
        item.topic_id = topic.topic_id;
        if (const auto* known = image.topic(topic.topic_id)) item.partition.topic = known->name();
    } else {
        item.partition.topic = topic.topic;
        if (const auto* known = image.topic(topic.topic)) item.topic_id = known->id();
    }
    item.position.fetch_offset = partition.fetch_offset;
    item.position.max_bytes = partition.partition_max_bytes;
    item.position.current_leader_epoch = partition.current_leader_epoch;
    item.position.last_fetched_epoch = partition.last_fetched_epoch;
    return item;
}

std::int32_t new_session_id(runtime::Random& random) {
    return static_cast<std::int32_t>(random.between(1, INT32_MAX));
}

// A full fetch names everything it wants, and may begin a session.
Plan full_fetch(RequestContext& context, const Request& request, bool by_id) {
    FetchSessions& sessions = context.shard.fetch_sessions;
    if (request.session_id != kNoSession) sessions.remove(request.session_id);
    Plan plan;
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions)
            plan.own.push_back(item_of(*context.shard.image, topic, partition, by_id));
    }
    if (request.session_epoch == kFinalEpoch || context.version() < 7 || plan.own.empty())
        return plan;
    auto& shards = context.shard.shards;
    plan.session = sessions.create(new_session_id(shards.random()), by_id, shards.clock().now());
    if (plan.session) {
        for (FetchItem& item : plan.own)
            plan.session->put(std::move(item));
        plan.own.clear();
    }
    return plan;
}

// An incremental fetch goes on with a session.
std::expected<Plan, ErrorCode> incremental_fetch(RequestContext& context, const Request& request,
                                                 bool by_id) {
    FetchSessions& sessions = context.shard.fetch_sessions;
    auto session = sessions.find(request.session_id);
    if (!session) return std::unexpected(ErrorCode::fetch_session_id_not_found);
    if (session->expected_epoch() != request.session_epoch)
        return std::unexpected(ErrorCode::invalid_fetch_session_epoch);
    if (session->uses_topic_ids() != by_id)
        return std::unexpected(ErrorCode::fetch_session_topic_id_error);
    // Somebody else is in the middle of a fetch with this id; clients never do that.
    if (session->busy) return std::unexpected(ErrorCode::invalid_fetch_session_epoch);
    session->last_used = context.shard.shards.clock().now();
    session->advance_epoch();
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions)
            session->put(item_of(*context.shard.image, topic, partition, by_id));
    }
    for (const auto& topic : request.forgotten_topics_data) {
        for (std::int32_t partition : topic.partitions)
            session->forget({std::string(topic.topic), partition}, topic.topic_id);
    }
    Plan plan;
    plan.incremental = true;
    plan.session = std::move(session);
    return plan;
}

std::expected<Plan, ErrorCode> plan_fetch(RequestContext& context, const Request& request) {
    const bool by_id = context.version() >= kFirstVersionWithIds;
    if (request.session_epoch == kFinalEpoch || request.session_epoch == kInitialEpoch ||
        context.version() < 7)
        return full_fetch(context, request, by_id);
    return incremental_fetch(context, request, by_id);
}

// Deleted, or deleted and made again under another id, since the session named it.
void refresh_name(const metadata::Image& image, FetchItem& item, bool by_id) {
    if (by_id) {
        const auto* topic = image.topic(item.topic_id);
        if (topic != nullptr && item.partition.topic.empty()) item.partition.topic = topic->name();
    } else {
        const auto* topic = image.topic(item.partition.topic);
        item.topic_id = topic != nullptr ? topic->id() : TopicId{};
    }
}

// What can be answered without asking the owner of the partition.
ErrorCode known_error(const metadata::Image& image, const FetchItem& item, bool by_id) {
    const auto* topic = image.topic(item.topic_id);
    if (topic == nullptr)
        return by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
    if (topic->find(item.partition.partition) == nullptr)
        return ErrorCode::unknown_topic_or_partition;
    return ErrorCode::none;
}

// A visit to another shard; an object so that the coroutine's arguments have a home.
struct Visit {
    ShardServices* shard;
    ReadPlan plan;
    Task<std::vector<ReadAnswer>> operator()() { return read_partitions(*shard, std::move(plan)); }
};
struct Cancel {
    ShardServices* shard;
    std::uint64_t wait_id;
    Task<void> operator()() { return run(*shard, wait_id); }
    static Task<void> run(ShardServices& there, std::uint64_t id) {
        there.fetch_waits.cancel(id);
        co_return;
    }
};

using Answers = std::vector<ReadAnswer>;

// A visit that waits comes back when it has enough or will not get more: either way the others need
// not go on.
Task<void> await_visit(runtime::ShardCall<Visit>& call, Answers& into, runtime::Event& any) {
    Answers answers = co_await call.finish();
    any.set();
    into.insert(into.end(), std::make_move_iterator(answers.begin()),
                std::make_move_iterator(answers.end()));
}

// Reads on several shards side by side. With min_bytes > 0 the first that has enough ends the waits
// of the others.
Task<Answers> read_on_shards(ShardServices& here, std::map<unsigned, ReadPlan>& plans,
                             std::size_t min_bytes) {
    Answers answers;
    runtime::Event any;
    runtime::TaskGroup tasks(here.shards.ready());
    std::vector<std::unique_ptr<runtime::ShardCall<Visit>>> calls;
    std::vector<std::pair<unsigned, std::uint64_t>> waits;
    for (auto& [shard, plan] : plans) {
        plan.min_bytes = min_bytes;
        plan.wait_id = min_bytes > 0 ? here.next_token() : 0;
        waits.emplace_back(shard, plan.wait_id);
        Visit visit{here.peers[shard], plan};
        calls.push_back(
            std::make_unique<runtime::ShardCall<Visit>>(here.shards, shard, std::move(visit)));
        calls.back()->begin();
        tasks.spawn(await_visit(*calls.back(), answers, any));
    }
    if (min_bytes > 0) {
        co_await any.wait();
        for (const auto& [shard, wait_id] : waits) {
            Cancel cancel{here.peers[shard], wait_id};
            co_await here.shards.on(shard, std::move(cancel));
        }
    }
    co_await tasks.join();
    std::ranges::sort(answers, {}, &ReadAnswer::index);
    co_return answers;
}

// Everything the plan names, in its order.
Task<Answers> read_all(ShardServices& here, std::map<unsigned, ReadPlan> plans,
                       std::size_t min_bytes) {
    if (plans.empty()) co_return Answers{};
    if (plans.size() == 1) {
        auto& [shard, plan] = *plans.begin();
        plan.min_bytes = min_bytes;
        Visit visit{here.peers[shard], std::move(plan)};
        co_return co_await here.shards.on(shard, std::move(visit));
    }
    Answers answers = co_await read_on_shards(here, plans, 0);
    const MonoTime deadline = plans.begin()->second.deadline;
    if (size_of(answers) >= min_bytes || is_urgent(answers) ||
        here.shards.clock().now() >= deadline)
        co_return answers;
    co_return co_await read_on_shards(here, plans, min_bytes);
}

// Turns answers into the response: in the order of the items, within the byte budget.
class ResponseBuilder {
public:
    ResponseBuilder(RequestContext& context, Plan& plan, std::size_t max_bytes, bool read_committed)
        : context_(context), plan_(plan), budget_(max_bytes), read_committed_(read_committed) {}

    void add(FetchSession::Items::iterator item, ReadAnswer* answer, ErrorCode error) {
        Response::PartitionData out;
        out.partition_index = item->partition.partition;
        if (answer != nullptr) error = answer->error;
        out.error_code = to_wire(error);
        out.high_watermark = -1;
        out.records.emplace();
        std::uint64_t size = 0;
        if (error == ErrorCode::none) {
            replica::Fetched& fetched = answer->fetched;
            out.high_watermark = fetched.high_watermark.value;
            out.last_stable_offset = fetched.last_stable_offset.value;
            out.log_start_offset = fetched.log_start.value;
            if (read_committed_) {
                auto& aborted = out.aborted_transactions.emplace();
                for (const storage::AbortedTransaction& one : answer->aborted)
                    aborted.push_back({one.producer_id.value, one.first.value});
            }
            if (answer->diverging) {
                out.diverging_epoch.epoch = answer->diverging->epoch.value;
                out.diverging_epoch.end_offset = answer->diverging->end.value;
            }
            size = fetched.records.size;
            // Several shards answered without knowing of each other: what is too much is left for
            // the next fetch.
            if (size > budget_ && sent_bytes_ > 0) size = 0;
        }
        const bool news = size > 0 || error != ErrorCode::none || answer->diverging.has_value() ||
                          out.high_watermark != item->told_high_watermark ||
                          out.log_start_offset != item->told_log_start_offset ||
                          item->told_error != error;
        item->told_high_watermark = out.high_watermark;
        item->told_log_start_offset = out.log_start_offset;
        item->told_error = error;
        if (plan_.incremental && !news) return;
        if (size > 0) {
            out.records->external_size = size;
            sent_bytes_ += size;
            budget_ -= std::min<std::uint64_t>(budget_, size);
            fillings_.push_back(answer->fetched.records.data);
            keep_.push_back(std::move(answer->fetched.records.keep_alive));
            with_data_.push_back(item);
        }
        topic_of(*item).partitions.push_back(std::move(out));
    }

    Outcome finish() {
        response_.session_id = plan_.session ? plan_.session->id() : kNoSession;
        context_.fill_gaps(std::move(fillings_), std::move(keep_));
        const Outcome outcome = context_.reply(response_);
        if (plan_.session) {
            for (const auto item : with_data_)
                plan_.session->rotate(item);
        }
        return outcome;
    }

private:
    Response::FetchableTopicResponse& topic_of(const FetchItem& item) {
        auto& topics = response_.responses;
        const bool same = !topics.empty() && topics.back().topic == item.partition.topic &&
                          topics.back().topic_id == item.topic_id;
        if (!same) {
            topics.emplace_back();
            topics.back().topic = item.partition.topic;
            topics.back().topic_id = item.topic_id;
        }
        return topics.back();
    }

    RequestContext& context_;
    Plan& plan_;
    std::uint64_t budget_;
    bool read_committed_;
    std::uint64_t sent_bytes_ = 0;
    Response response_;
    std::vector<runtime::WritePart> fillings_;
    std::vector<std::shared_ptr<const void>> keep_;
    std::vector<FetchSession::Items::iterator> with_data_;
};

Outcome reply_error(RequestContext& context, ErrorCode error) {
    Response response;
    response.error_code = to_wire(error);
    return context.reply(response);
}

}  // namespace

Task<Outcome> fetch(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    auto planned = plan_fetch(context, request);
    if (!planned) co_return reply_error(context, planned.error());
    Plan& plan = *planned;
    plan.begin();

    const bool by_id = context.version() >= kFirstVersionWithIds;
    const std::int32_t replica_id =
        context.version() >= 15 ? request.replica_state.replica_id : request.replica_id;
    const bool read_committed = request.isolation_level == 1;
    const auto max_bytes =
        static_cast<std::size_t>(std::clamp(request.max_bytes, 0, here.settings.fetch_max_bytes));
    const MonoTime deadline =
        here.shards.clock().now() + milliseconds(std::max(request.max_wait_ms, 0));

    // Which shard is asked for what; what nobody needs to be asked for has its error here.
    std::vector<FetchSession::Items::iterator> items;
    std::vector<ErrorCode> errors;
    std::map<unsigned, ReadPlan> reads;
    bool any_error = false;
    for (auto item = plan.items().begin(); item != plan.items().end(); ++item) {
        refresh_name(*here.image, *item, by_id);
        ErrorCode error = known_error(*here.image, *item, by_id);
        // This node has no followers yet, and a client is none (CVE-2018-1288).
        if (replica_id >= 0) error = ErrorCode::not_leader_or_follower;
        errors.push_back(error);
        items.push_back(item);
        if (error != ErrorCode::none) {
            any_error = true;
            continue;
        }
        const unsigned shard =
            replica::shard_of(item->topic_id, item->partition.partition, here.shards.count());
        ReadPlan& read = reads[shard];
        read.items.push_back(
            {items.size() - 1, item->topic_id, item->partition.partition, item->position});
        read.max_bytes = max_bytes;
        read.deadline = deadline;
        read.isolation = read_committed ? replica::Isolation::read_committed
                                        : replica::Isolation::read_uncommitted;
        read.client = context.client.token;
    }
    // A session stays on its shard, and so does who uses it.
    if (reads.size() == 1 && !plan.session) context.owned_by(reads.begin()->first);
    const bool wait = !any_error && request.min_bytes > 0 && request.max_wait_ms > 0;
    const std::size_t min_bytes = wait ? static_cast<std::size_t>(request.min_bytes) : 0;
    Answers answers = co_await read_all(here, std::move(reads), min_bytes);

    ResponseBuilder builder(context, plan, max_bytes, read_committed);
    std::size_t next = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const bool answered = next < answers.size() && answers[next].index == i;
        builder.add(items[i], answered ? &answers[next++] : nullptr, errors[i]);
    }
    co_return builder.finish();
}

}  // namespace cauce::server::api
