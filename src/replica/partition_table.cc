#include "replica/partition_table.h"

#include "base/check.h"
#include "replica/settings_of.h"

#include <algorithm>
#include <utility>

namespace cauce::replica {

unsigned shard_of(TopicId topic_id, std::int32_t partition, unsigned shard_count) {
    // Ids are random bits; neighbouring partitions go to neighbouring shards, so that one topic
    // spreads evenly.
    const std::uint64_t start = topic_id.high ^ topic_id.low;
    return static_cast<unsigned>((start % shard_count + static_cast<std::uint64_t>(partition)) %
                                 shard_count);
}

PartitionTable::PartitionTable(runtime::Shards& shards,
                               std::vector<storage::DirectoryShard*> directories, NodeId node,
                               const metadata::StaticConfig& file,
                               std::shared_ptr<const std::vector<Checkpoints>> checkpoints,
                               LeadershipListener& listener, Logger log)
    : shards_(shards),
      directories_(std::move(directories)),
      node_(node),
      file_(file),
      listener_(listener),
      log_(std::move(log)),
      checkpoints_(std::move(checkpoints)),
      applied_(std::make_shared<const metadata::Image>()) {}

std::shared_ptr<Partition> PartitionTable::find(std::string_view topic,
                                                std::int32_t partition) const {
    const auto found = by_name_.find(topic);
    if (found == by_name_.end()) return nullptr;
    const auto& partitions = found->second->partitions;
    const auto index = static_cast<std::size_t>(partition);
    return partition >= 0 && index < partitions.size() ? partitions[index] : nullptr;
}

std::shared_ptr<Partition> PartitionTable::find(TopicId topic_id, std::int32_t partition) const {
    const auto found = by_id_.find(topic_id);
    if (found == by_id_.end()) return nullptr;
    const auto& partitions = found->second->partitions;
    const auto index = static_cast<std::size_t>(partition);
    return partition >= 0 && index < partitions.size() ? partitions[index] : nullptr;
}

std::size_t PartitionTable::directory_of(const Partition& partition) const {
    const auto found = std::ranges::find(directories_, &partition.log().home());
    CHECK(found != directories_.end(), partition.name());
    return static_cast<std::size_t>(found - directories_.begin());
}

void PartitionTable::for_each(
    const std::function<void(const std::shared_ptr<Partition>&)>& visit) const {
    for (const auto& [id, topic] : by_id_) {
        for (const auto& partition : topic->partitions) {
            if (partition) visit(partition);
        }
    }
}

Task<void> PartitionTable::apply(metadata::ImagePointer image,
                                 std::shared_ptr<const Placement> placement) {
    co_await remove_deleted(*image);
    const bool same_defaults = has_same_defaults(*image);
    for (const auto& topic : image->topics()) {
        // Objects of an image never change, and applied_ keeps those of the last one alive: the
        // same address is the same topic with the same settings.
        const bool same_topic = applied_->topic(topic->id()) == topic.get();
        const auto* before = applied_->config(metadata::ResourceType::topic, topic->name());
        const auto* now = image->config(metadata::ResourceType::topic, topic->name());
        if (same_topic && before == now && same_defaults) continue;
        co_await apply_topic(*image, *topic, *placement);
    }
    // What a killed process left in the page cache is flushed before anybody is served: clients
    // never see a high watermark, or the end of a partition, go back. A flush that fails takes the
    // directory offline, which others are told. All are asked before one is awaited: they share the
    // rounds.
    const auto unflushed = std::exchange(unflushed_, {});
    for (const auto& partition : unflushed)
        partition->log().request_flush();
    for (const auto& partition : unflushed)
        (void)co_await partition->log().wait_flushed(partition->log().end_offset());
    applied_ = std::move(image);
    checkpoints_.reset();
}

// What topics fall back to: set for this broker, or for all.
bool PartitionTable::has_same_defaults(const metadata::Image& image) const {
    const auto same = [&](std::string_view broker) {
        return applied_->config(metadata::ResourceType::broker, broker) ==
               image.config(metadata::ResourceType::broker, broker);
    };
    return same("") && same(std::to_string(node_.value));
}

Task<void> PartitionTable::remove_deleted(const metadata::Image& image) {
    std::vector<TopicId> deleted;
    for (const auto& topic : applied_->topics()) {
        if (image.topic(topic->id()) == nullptr) deleted.push_back(topic->id());
    }
    for (const TopicId& id : deleted) {
        std::erase_if(unopened_, [&id](const auto& entry) { return entry.second.topic_id == id; });
        const auto found = by_id_.find(id);
        if (found == by_id_.end()) continue;
        const std::unique_ptr<Topic> topic = std::move(found->second);
        by_id_.erase(found);
        by_name_.erase(topic->name);
        for (auto& partition : topic->partitions) {
            if (!partition) continue;
            --size_;
            co_await give_up(partition);
            const auto removed = co_await partition->log().remove();
            if (!removed)
                log_.error("cannot remove " + partition->name().to_string() + ": " +
                           removed.error().to_string());
        }
    }
}

Task<void> PartitionTable::apply_topic(const metadata::Image& image, const metadata::Topic& topic,
                                       const Placement& placement) {
    auto& slot = by_id_[topic.id()];
    if (!slot) {
        slot = std::make_unique<Topic>(Topic{topic.name(), topic.id(), {}});
        by_name_[topic.name()] = slot.get();
    }
    Topic& mine = *slot;
    mine.partitions.resize(static_cast<std::size_t>(topic.partition_count()));
    const metadata::EffectiveConfig config(image, file_, node_);
    const auto settings = settings_of(config, topic.name());
    for (std::int32_t number = 0; number < topic.partition_count(); ++number) {
        if (shard_of(topic.id(), number, shards_.count()) != shards_.self()) continue;
        const metadata::Partition& wanted = topic.partition(number);
        if (!wanted.replicas.contains(node_)) continue;
        auto& partition = mine.partitions[static_cast<std::size_t>(number)];
        Offset high_watermark;
        if (!partition) {
            const auto place = placement.find({topic.id(), number});
            if (place == placement.end()) {
                log_.error("partition " + topic.name() + "-" + std::to_string(number) +
                           " stays unavailable: its log directory is not here or does not work");
                continue;
            }
            auto opened = co_await open(topic, number, place->second, settings);
            if (!opened) continue;
            partition = std::move(opened);
            ++size_;
            if (checkpoints_) {
                const auto& marks = (*checkpoints_)[place->second].high_watermarks;
                const auto found = marks.find(partition->name());
                if (found != marks.end()) high_watermark = found->second;
            }
        } else {
            partition->reconfigure(settings);
        }
        const bool leads = wanted.leader == node_;
        if (leads &&
            !(partition->is_leader() && partition->leader_epoch() == wanted.leader_epoch)) {
            if (partition->is_leader()) co_await give_up(partition);
            partition->become_leader(wanted.leader_epoch,
                                     static_cast<std::int32_t>(wanted.isr.size()), high_watermark);
            if (partition->high_watermark() < partition->log().end_offset())
                unflushed_.push_back(partition);
            listener_.became_leader(partition);
        } else if (!leads && partition->is_leader()) {
            co_await give_up(partition);
        }
    }
}

Task<std::shared_ptr<Partition>> PartitionTable::open(
    const metadata::Topic& topic, std::int32_t number, std::size_t directory,
    std::shared_ptr<const TopicSettings> settings) {
    storage::LogOpenOptions options;
    options.partition = {topic.name(), number};
    options.topic_id = topic.id();
    options.config = settings->log;
    if (checkpoints_) {
        const Checkpoints& said = (*checkpoints_)[directory];
        options.clean = said.clean;
        const auto point = said.recovery_points.find(options.partition);
        if (point != said.recovery_points.end()) options.recovery_point = point->second;
        const auto start = said.log_starts.find(options.partition);
        if (start != said.log_starts.end()) options.start_offset = start->second;
        const auto cleaned = said.cleaned.find(options.partition);
        if (cleaned != said.cleaned.end()) options.cleaned_upto = cleaned->second;
    } else if (const auto kept = unopened_.find(options.partition); kept != unopened_.end()) {
        options.start_offset = kept->second.start;
    }
    const TopicPartition partition = options.partition;
    const std::string name = partition.to_string();
    const Unopened left{topic.id(), directory, options.start_offset};
    auto log = co_await storage::Log::open(*directories_[directory], std::move(options));
    if (!log) {
        log_.error("partition " + name + " stays unavailable: " + log.error().to_string());
        // Nobody will have looked at it when this node stops: that was no clean stop.
        directories_[directory]->note_unclosed();
        unopened_.insert_or_assign(partition, left);
        co_return nullptr;
    }
    unopened_.erase(partition);
    const storage::RecoveryReport& report = (*log)->recovery();
    if (!report.reason.empty()) {
        log_.warn("recovered " + name + ": cut " + std::to_string(report.cut_bytes) +
                  " bytes behind offset " + std::to_string(report.end_offset.value) + " (" +
                  report.reason + ")");
    }
    co_return std::make_shared<Partition>(shards_, topic.id(), std::move(*log),
                                          std::move(settings));
}

Task<void> PartitionTable::give_up(std::shared_ptr<Partition> partition) {
    if (!partition->is_leader()) co_return;
    partition->resign();
    co_await listener_.resigns(partition);
    co_await partition->quiet();
}

Task<void> PartitionTable::delete_old_segments() {
    std::vector<std::shared_ptr<Partition>> all;
    for_each([&](const auto& partition) { all.push_back(partition); });
    for (const auto& partition : all) {
        if (!partition->is_leader()) continue;
        co_await partition->delete_old_segments();
        co_await runtime::yield();
    }
}

Task<std::optional<PartitionTable::Dirtiest>> PartitionTable::dirtiest() {
    std::vector<std::shared_ptr<Partition>> all;
    for_each([&](const auto& partition) {
        if (partition->is_leader() && partition->settings().log->compact) all.push_back(partition);
    });
    std::optional<Dirtiest> worst;
    for (const auto& partition : all) {
        const bool wants = co_await partition->wants_cleaning();
        const double ratio = partition->compaction().dirt.ratio();
        if (wants && (!worst || ratio > worst->ratio))
            worst = Dirtiest{partition->topic_id(), partition->name().partition, ratio};
        co_await runtime::yield();
    }
    co_return worst;
}

void PartitionTable::interrupt_cleaning() {
    for_each([](const auto& partition) { partition->log().interrupt_cleaning(); });
}

void PartitionTable::add_unopened_starts(std::vector<storage::OffsetMap>& starts) const {
    for (const auto& [partition, left] : unopened_)
        if (left.start > Offset{0}) starts[left.directory][partition] = left.start;
}

void PartitionTable::flush_due() {
    for_each([](const auto& partition) { partition->log().flush_if_due(); });
}

void PartitionTable::expire_producers() {
    for_each([](const auto& partition) { partition->expire_producers(); });
}

Task<void> PartitionTable::close() {
    std::vector<std::shared_ptr<Partition>> all;
    for_each([&](const auto& partition) { all.push_back(partition); });
    for (const auto& partition : all)
        co_await give_up(partition);
    runtime::TaskGroup closing(shards_.ready());
    for (const auto& partition : all)
        closing.spawn(close_one(partition));
    co_await closing.join();
}

Task<void> PartitionTable::close_one(std::shared_ptr<Partition> partition) {
    const auto closed = co_await partition->log().close();
    if (closed) co_return;
    partition->log().home().note_unclosed();
    log_.error("cannot close " + partition->name().to_string() + ": " + closed.error().to_string());
}

}  // namespace cauce::replica
