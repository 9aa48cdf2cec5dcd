#include "cli/disk_room.h"

#include "cli/arguments.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace cauce::cli {
namespace {

using runtime::Task;

// Nothing of a broker that is none of ours.
Task<std::optional<storage::SpaceLimits>> limits_of(client::Cluster& cluster, NodeId node,
                                                    MonoTime deadline) {
    const auto configs = co_await client::describe_config(cluster, client::ConfigResource::broker,
                                                          std::to_string(node.value), deadline);
    if (!configs) co_return std::nullopt;
    std::map<std::string_view, std::uint64_t> numbers;
    for (const client::ConfigEntry& entry : *configs) {
        if (!entry.value || !entry.name.starts_with("cauce.disk.")) continue;
        if (const auto number = whole_number<std::uint64_t>(*entry.value))
            numbers[entry.name] = *number;
    }
    if (numbers.empty()) co_return std::nullopt;
    co_return storage::read_space_limits([&numbers](std::string_view key) {
        const auto at = numbers.find(key);
        return at == numbers.end() ? 0 : at->second;
    });
}

}  // namespace

Task<std::vector<ShortDisk>> short_disks(client::Cluster& cluster, MonoTime deadline) {
    std::vector<ShortDisk> out;
    std::map<NodeId, std::optional<storage::SpaceLimits>> limits;
    std::vector<TopicPartition> no_partitions;
    const auto directories =
        co_await client::describe_log_dirs(cluster, std::move(no_partitions), deadline);
    for (const client::LogDirectory& directory : directories) {
        if (directory.error.code != ErrorCode::none || directory.total_bytes < 0) continue;
        if (!limits.contains(directory.node)) {
            auto told = co_await limits_of(cluster, directory.node, deadline);
            limits.emplace(directory.node, std::move(told));
        }
        const auto& known = limits.at(directory.node);
        if (!known) continue;
        const runtime::DiskSpace space{static_cast<std::uint64_t>(directory.total_bytes),
                                       static_cast<std::uint64_t>(directory.usable_bytes)};
        const auto stage = judge_space(space, *known, storage::SpaceStage::ample);
        if (stage == storage::SpaceStage::ample) continue;
        out.push_back({directory.node, directory.path, space, stage});
    }
    co_return out;
}

}  // namespace cauce::cli
