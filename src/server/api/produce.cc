#include "server/api/produce.h"

#include "metadata/image.h"
#include "replica/partition_table.h"
#include "wire/legacy_message.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cauce::server::api {

namespace {

using Request = wire::ProduceRequest;
using Response = wire::ProduceResponse;

constexpr std::int16_t kFirstVersionWithIds = 13;
constexpr std::int16_t kFirstVersionWithZstd = 7;

// The batches of one entry of the request, and what became of them. The bytes stay in the
// connection's frame, which outlives the visit; nobody else touches them meanwhile.
struct AppendItem {
    std::size_t entry = 0;
    TopicId topic_id;
    std::int32_t partition = 0;
    MutableBytes records;

    Error error{ErrorCode::none, {}};
    replica::Appended appended;
    Duration pause{0};  // that the client has to keep
};

// What one shard is asked to append.
struct AppendPlan {
    unsigned shard = 0;
    std::vector<AppendItem> items;
    std::int16_t acks = 0;
    MonoTime deadline;
    live::ClientToken client = 0;
};

using PartitionPointer = std::shared_ptr<replica::Partition>;

// How long the client keeps quiet after a batch, when the disk of the partition is running full.
Duration pause_after(replica::Partition& partition, const Result<replica::Appended>& result,
                     std::size_t bytes, MonoTime now) {
    storage::SpaceGate& space = partition.log().home().space();
    if (space.stage() == storage::SpaceStage::ample) return Duration::zero();
    if (result) return result->duplicate ? Duration::zero() : space.charge(bytes, now);
    const bool for_room = space.stage() == storage::SpaceStage::full &&
                          result.error().code == ErrorCode::kafka_storage_error;
    return for_room ? space.refuse() : Duration::zero();
}

// Null when nothing was appended, and the item says why.
PartitionPointer append_one(ShardServices& shard, const AppendPlan& plan, AppendItem& item) {
    PartitionPointer partition = shard.partitions.find(item.topic_id, item.partition);
    if (!partition) {
        item.error = {ErrorCode::not_leader_or_follower,
                      "this node does not serve the partition (yet, or any more)"};
        return nullptr;
    }
    replica::AppendOptions options;
    options.required_acks = plan.acks;
    options.client = plan.client;
    options.gather = true;
    auto result = partition->append_as_leader(item.records, options);
    item.pause = pause_after(*partition, result, item.records.size(), shard.shards.clock().now());
    if (!result) {
        item.error = std::move(result).error();
        return nullptr;
    }
    item.appended = *result;
    return partition;
}

// On the shard that owns the partitions. Appends everything before it waits for anything.
Task<std::vector<AppendItem>> append(ShardServices& shard, AppendPlan plan) {
    std::vector<PartitionPointer> appended_to;
    appended_to.reserve(plan.items.size());
    for (AppendItem& item : plan.items)
        appended_to.push_back(append_one(shard, plan, item));
    // Requests that came along with this one append first: then one write does for all.
    co_await runtime::yield();
    for (std::size_t i = 0; i < appended_to.size(); ++i) {
        if (!appended_to[i]) continue;
        auto written = appended_to[i]->write_gathered();
        if (written) continue;
        plan.items[i].error = std::move(written).error();
        appended_to[i] = nullptr;
    }
    if (plan.acks == 0) co_return std::move(plan.items);
    // flush.messages asks for it, of acks=1 too.
    for (std::size_t i = 0; i < appended_to.size(); ++i) {
        AppendItem& item = plan.items[i];
        if (!appended_to[i] || !item.appended.wait_for_flush) continue;
        auto flushed = co_await appended_to[i]->flushed(item.appended.next, plan.deadline);
        if (flushed) continue;
        item.error = std::move(flushed).error();
        appended_to[i] = nullptr;
    }
    if (plan.acks == 1) co_return std::move(plan.items);
    for (std::size_t i = 0; i < appended_to.size(); ++i) {
        if (!appended_to[i]) continue;
        AppendItem& item = plan.items[i];
        auto committed = co_await appended_to[i]->committed(item.appended.next, plan.deadline);
        if (!committed) item.error = std::move(committed).error();
    }
    co_return std::move(plan.items);
}

struct Visit {
    ShardServices* shard;
    AppendPlan plan;
    Task<std::vector<AppendItem>> operator()() { return append(*shard, std::move(plan)); }
};

// Of the plans of one request, one for each shard that owns a part of it: few.
AppendPlan& plan_for(std::vector<AppendPlan>& plans, unsigned shard) {
    const auto found = std::ranges::find(plans, shard, &AppendPlan::shard);
    if (found != plans.end()) return *found;
    AppendPlan& plan = plans.emplace_back();
    plan.shard = shard;
    return plan;
}

// One partition of the request, and what will be said of it.
struct Entry {
    std::string_view topic;  // as asked for
    TopicId topic_id;
    std::int32_t partition = 0;
    Error error{ErrorCode::none, {}};
    replica::Appended appended;
    Duration pause{0};
};

// What is wrong with it before any partition is asked.
Error check(const RequestContext& context, const Request& request, const metadata::Topic* topic,
            std::int32_t partition, const std::optional<wire::Records>& records) {
    if (topic == nullptr) {
        return context.version() >= kFirstVersionWithIds
                   ? Error{ErrorCode::unknown_topic_id, {}}
                   : Error{ErrorCode::unknown_topic_or_partition, {}};
    }
    if (topic->find(partition) == nullptr) return {ErrorCode::unknown_topic_or_partition, {}};
    // Kafka's own back door for admin tools.
    if (metadata::is_internal_topic(topic->name()) && context.client_id() != "__admin_client")
        return {ErrorCode::invalid_topic_exception,
                "only the broker itself writes to " + topic->name()};
    if (!records || records->bytes.empty())
        return {ErrorCode::invalid_record,
                "produce requests must hold exactly one record batch for each partition"};
    if (wire::is_legacy(records->bytes))
        return {ErrorCode::invalid_record,
                "messages of format 0 or 1 are read but not taken any more; produce record "
                "batches (format 2)"};
    const auto batch = wire::parse_batch(records->bytes);
    if (batch && batch->codec() == wire::Codec::zstd && context.version() < kFirstVersionWithZstd)
        return {ErrorCode::unsupported_compression_type,
                "zstd needs version 7 of Produce or later"};
    if (request.transactional_id || (batch && batch->is_transactional()))
        return {ErrorCode::invalid_txn_state,
                "transactions are not supported by this version of Cauce"};
    return {ErrorCode::none, {}};
}

}  // namespace

Task<Outcome> produce(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const bool by_id = context.version() >= kFirstVersionWithIds;
    const bool acks_valid = request.acks >= -1 && request.acks <= 1;
    const MonoTime deadline =
        here.shards.clock().now() + milliseconds(std::max(request.timeout_ms, 0));

    std::vector<Entry> entries;
    std::vector<AppendPlan> plans;
    for (const auto& topic : request.topic_data) {
        const metadata::Topic* known =
            by_id ? here.image->topic(topic.topic_id) : here.image->topic(topic.name);
        for (const auto& partition : topic.partition_data) {
            Entry& entry = entries.emplace_back();
            entry.topic = topic.name;
            entry.topic_id = topic.topic_id;
            entry.partition = partition.index;
            if (!acks_valid) {
                entry.error = {ErrorCode::invalid_required_acks, "acks must be -1, 0 or 1"};
                continue;
            }
            entry.error = check(context, request, known, partition.index, partition.records);
            if (entry.error.code != ErrorCode::none) continue;
            AppendPlan& plan = plan_for(
                plans, replica::shard_of(known->id(), partition.index, here.shards.count()));
            AppendItem& item = plan.items.emplace_back();
            item.entry = entries.size() - 1;
            item.topic_id = known->id();
            item.partition = partition.index;
            item.records = context.writable(partition.records->bytes);
            plan.acks = request.acks;
            plan.deadline = deadline;
            plan.client = context.client.token;
        }
    }

    if (plans.size() == 1) context.owned_by(plans.front().shard);

    // Every shard is told before any is awaited: a later request of this connection must not
    // overtake this one.
    std::vector<std::unique_ptr<runtime::ShardCall<Visit>>> calls;
    AppendPlan own;
    for (AppendPlan& plan : plans) {
        if (plan.shard == here.shards.self()) {
            own = std::move(plan);
            continue;
        }
        const unsigned shard = plan.shard;
        Visit visit{here.peers[shard], std::move(plan)};
        calls.push_back(
            std::make_unique<runtime::ShardCall<Visit>>(here.shards, shard, std::move(visit)));
        calls.back()->begin();
    }
    const auto take = [&entries](std::vector<AppendItem> items) {
        for (AppendItem& item : items) {
            entries[item.entry].error = std::move(item.error);
            entries[item.entry].appended = item.appended;
            entries[item.entry].pause = item.pause;
        }
    };
    if (!own.items.empty()) take(co_await append(here, std::move(own)));
    for (auto& call : calls)
        take(co_await call->finish());

    // As Kafka's quotas have it (KIP-219): the answer leaves at once and says how long the client
    // shall send nothing, and the next request is not read before, whether it obeys or not.
    Duration pause{0};
    for (const Entry& entry : entries)
        pause = std::max(pause, entry.pause);
    context.mute(pause);

    if (request.acks == 0) {
        // Nobody waits for an answer; closing is how the client learns that something went wrong.
        for (const Entry& entry : entries) {
            if (entry.error.code != ErrorCode::none) co_return Outcome::close;
        }
        co_return Outcome::answered;
    }

    Response response;
    response.throttle_time_ms =
        static_cast<std::int32_t>(std::chrono::duration_cast<milliseconds>(pause).count());
    for (Entry& entry : entries) {
        auto& topics = response.responses;
        if (topics.empty() || topics.back().name != entry.topic ||
            topics.back().topic_id != entry.topic_id) {
            topics.emplace_back();
            topics.back().name = entry.topic;
            topics.back().topic_id = entry.topic_id;
        }
        Response::PartitionProduceResponse& out = topics.back().partition_responses.emplace_back();
        out.index = entry.partition;
        out.error_code = to_wire(entry.error.code);
        if (entry.error.code == ErrorCode::none) {
            out.base_offset = entry.appended.first.value;
            out.log_append_time_ms = entry.appended.log_append_time_ms;
            out.log_start_offset = entry.appended.log_start.value;
        } else {
            out.base_offset = -1;
            if (!entry.error.message.empty()) out.error_message = entry.error.message;
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
