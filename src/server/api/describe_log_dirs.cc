#include "server/api/describe_log_dirs.h"

#include "base/contains.h"
#include "metadata/effective_config.h"
#include "metadata/image.h"
#include "replica/partition_table.h"
#include "server/shard_round.h"
#include "wire/messages/describe_log_dirs_request.h"
#include "wire/messages/describe_log_dirs_response.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace cauce::server::api {

namespace {

using Request = wire::DescribeLogDirsRequest;
using Response = wire::DescribeLogDirsResponse;

// What one shard is asked for.
struct Plan {
    bool all = false;
    bool retention = false;
    std::vector<std::pair<TopicId, std::int32_t>> partitions;  // otherwise
};

// A log on this node.
struct HeldLog {
    std::size_t directory = 0;  // in log.dirs
    TopicPartition partition;
    std::int64_t size_bytes = 0;
    std::int64_t lag = 0;
    std::optional<storage::RetentionOutlook> outlook = std::nullopt;
    std::optional<replica::CompactionOutlook> compaction = std::nullopt;

    auto place() const { return std::tie(directory, partition); }
};
using HeldLogs = std::vector<HeldLog>;

HeldLog describe(const replica::PartitionTable& table, const replica::Partition& partition) {
    HeldLog held;
    held.directory = table.directory_of(partition);
    held.partition = partition.name();
    held.size_bytes = static_cast<std::int64_t>(partition.log().size_bytes());
    held.lag = std::max<std::int64_t>(partition.high_watermark() - partition.log_end(), 0);
    return held;
}

Task<HeldLogs> list(ShardServices& there, Plan plan) {
    const replica::PartitionTable& table = there.partitions;
    std::vector<std::shared_ptr<replica::Partition>> found;
    if (plan.all) {
        table.for_each([&](const auto& partition) { found.push_back(partition); });
    } else {
        for (const auto& [topic, number] : plan.partitions) {
            if (auto partition = table.find(topic, number)) found.push_back(std::move(partition));
        }
    }
    HeldLogs logs;
    logs.reserve(found.size());
    for (const auto& partition : found) {
        HeldLog held = describe(table, *partition);
        // May ask the device.
        if (plan.retention) {
            held.outlook = co_await partition->retention_outlook();
            held.compaction = co_await partition->compaction_outlook();
        }
        logs.push_back(std::move(held));
    }
    co_return logs;
}

// The logs that were asked for and are here, by directory, topic and number.
Task<HeldLogs> held_logs(ShardServices& here, const Request& request) {
    ShardRound<Plan, HeldLogs> round(here, list);
    if (!request.topics) {
        for (unsigned shard = 0; shard < here.shards.count(); ++shard) {
            round.plan(shard).all = true;
            round.plan(shard).retention = request.include_retention;
        }
    } else {
        for (const auto& topic : *request.topics) {
            const metadata::Topic* known = here.image->topic(topic.topic);
            if (known == nullptr) continue;
            for (const std::int32_t partition : topic.partitions) {
                if (known->find(partition) == nullptr) continue;
                Plan& plan =
                    round.plan(replica::shard_of(known->id(), partition, here.shards.count()));
                plan.retention = request.include_retention;
                plan.partitions.emplace_back(known->id(), partition);
            }
        }
    }
    const auto answers = co_await round.run();
    HeldLogs all;
    for (const HeldLogs& some : answers)
        all.insert(all.end(), some.begin(), some.end());
    std::ranges::sort(all, {}, &HeldLog::place);
    // Asked for twice is told once.
    const auto again = std::ranges::unique(all, {}, &HeldLog::place);
    all.erase(again.begin(), again.end());
    co_return all;
}

std::int64_t clamped(std::uint64_t bytes) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(bytes, kMost));
}

// KIP-1066: the entries of cordoned.log.dirs, or * for all.
bool is_cordoned(const ShardServices& here, std::string_view path) {
    const metadata::EffectiveConfig config(*here.image, here.settings.file, here.settings.node_id);
    const auto cordoned =
        metadata::config_list(config.broker_value("cordoned.log.dirs").value_or(""));
    return contains(cordoned, "*") || contains(cordoned, path);
}

// For our own command line: what only the log itself knows.
Response::RetentionOutlook described(const storage::RetentionOutlook& outlook) {
    Response::RetentionOutlook out;
    out.segment_count = static_cast<std::int32_t>(outlook.segment_count);
    out.first_offset = outlook.first.value;
    out.next_offset = outlook.oldest.next_base.value;
    out.size = clamped(outlook.oldest.size_bytes);
    if (outlook.has_times) out.max_timestamp = outlook.oldest.largest_timestamp;
    out.is_last = outlook.is_last;
    out.verdict = static_cast<std::int8_t>(outlook.forecast.verdict);
    if (outlook.forecast.due_ms) out.due_ms = *outlook.forecast.due_ms;
    if (outlook.forecast.bytes_left) out.bytes_left = clamped(*outlook.forecast.bytes_left);
    return out;
}

// The same. Its texts are those of `outlook`.
Response::CompactionOutlook described(const replica::CompactionOutlook& outlook) {
    Response::CompactionOutlook out;
    out.seen_upto = outlook.dirt.from.value;
    out.may_see_upto = std::max(outlook.dirt.from, outlook.dirt.upto).value;
    out.seen_bytes = clamped(outlook.dirt.clean_bytes);
    out.dirty_bytes = clamped(outlook.dirt.dirty_bytes);
    out.is_wanted = outlook.wanted;
    if (outlook.last) {
        out.last_round_ms = outlook.last->at.ms;
        if (outlook.last->next_deletion) out.next_deletion_ms = outlook.last->next_deletion->ms;
    }
    if (!outlook.refused.empty()) out.refused = std::string_view(outlook.refused);
    return out;
}

void add(Response::DescribeLogDirsResult& directory, const HeldLog& held) {
    auto& topics = directory.topics;
    if (topics.empty() || topics.back().name != held.partition.topic)
        topics.emplace_back().name = held.partition.topic;
    Response::DescribeLogDirsPartition& out = topics.back().partitions.emplace_back();
    out.partition_index = held.partition.partition;
    out.partition_size = held.size_bytes;
    out.offset_lag = held.lag;
    if (held.outlook) out.retention = described(*held.outlook);
    if (held.compaction) out.compaction = described(*held.compaction);
}

}  // namespace

Task<Outcome> describe_log_dirs(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const HeldLogs logs = co_await held_logs(here, request);

    Response response;
    const auto& directories = here.partitions.directories();
    for (std::size_t i = 0; i < directories.size(); ++i) {
        storage::DirectoryShard& directory = *directories[i];
        Response::DescribeLogDirsResult& out = response.results.emplace_back();
        out.log_dir = directory.path();
        out.is_cordoned = is_cordoned(here, directory.path());
        const auto space = directory.disk().space(directory.path());
        if (directory.offline() || !space) {
            out.error_code = to_wire(ErrorCode::kafka_storage_error);
            continue;
        }
        out.total_bytes = clamped(space->total_bytes);
        out.usable_bytes = clamped(space->free_bytes);
        for (const HeldLog& held : logs) {
            if (held.directory == i) add(out, held);
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
