#include "controller/state/partition_change.h"

#include "controller/state/leadership.h"

#include <algorithm>
#include <utility>

namespace cauce::controller::state {
namespace {

using metadata::kNoLeader;

constexpr std::int32_t kLeaderStays = -2;

bool has(const std::vector<NodeId>& list, NodeId broker) {
    return std::ranges::find(list, broker) != list.end();
}

std::vector<std::int32_t> numbers(const std::vector<NodeId>& list) {
    std::vector<std::int32_t> out;
    for (NodeId id : list)
        out.push_back(id.value);
    return out;
}

}  // namespace

PartitionChange::PartitionChange(TopicId topic, std::int32_t index,
                                 const metadata::Partition& partition,
                                 std::function<bool(NodeId)> may_lead)
    : topic_(topic),
      index_(index),
      partition_(partition),
      may_lead_(std::move(may_lead)),
      target_replicas_(partition.replicas.to_vector()),
      target_adding_(partition.adding.to_vector()),
      target_removing_(partition.removing.to_vector()),
      target_isr_(partition.isr.to_vector()),
      target_elr_(partition.elr.to_vector()),
      target_recovering_(partition.recovering) {}

void PartitionChange::set_reassignment(std::vector<NodeId> replicas, std::vector<NodeId> adding,
                                       std::vector<NodeId> removing,
                                       std::function<Uuid(NodeId)> directory_of_new) {
    target_replicas_ = std::move(replicas);
    target_adding_ = std::move(adding);
    target_removing_ = std::move(removing);
    directory_of_new_ = std::move(directory_of_new);
}

std::optional<wire::PartitionChangeRecord> PartitionChange::build() {
    wire::PartitionChangeRecord record;
    record.topic_id = topic_;
    record.partition_id = index_;
    complete_reassignment();
    fill_target_elr();
    elect(record);
    change_replicas(record);
    const bool unclean = record.isr.has_value();
    if (unclean || !min_isr_) target_elr_.clear();
    // Without eligible leaders to remember it, the last member of an ISR stays in it: it is the
    // only one that is known to have everything.
    if (!unclean && (!target_isr_.empty() || min_isr_) && target_isr_ != partition_.isr.to_vector())
        record.isr = numbers(target_isr_);
    if (target_elr_ != partition_.elr.to_vector())
        record.eligible_leader_replicas = numbers(target_elr_);
    change_last_known_leader(record);
    if (record.leader_recovery_state < 0 && target_recovering_ != partition_.recovering)
        record.leader_recovery_state = target_recovering_ ? 1 : 0;

    const bool changes = record.replicas || record.adding_replicas || record.removing_replicas ||
                         record.isr || record.leader != kLeaderStays ||
                         record.eligible_leader_replicas || record.last_known_elr ||
                         record.leader_recovery_state >= 0;
    if (!changes) return std::nullopt;
    return record;
}

void PartitionChange::complete_reassignment() {
    if (target_adding_.empty() && target_removing_.empty()) return;
    std::vector<NodeId> isr = target_isr_;
    std::erase_if(isr, [&](NodeId broker) { return has(target_removing_, broker); });
    if (isr.empty()) return;
    for (NodeId broker : target_adding_) {
        if (!has(isr, broker)) return;
    }
    std::erase_if(target_replicas_, [&](NodeId broker) { return has(target_removing_, broker); });
    target_isr_ = std::move(isr);
    target_adding_.clear();
    target_removing_.clear();
}

void PartitionChange::change_replicas(wire::PartitionChangeRecord& record) const {
    if (target_adding_ != partition_.adding.to_vector())
        record.adding_replicas = numbers(target_adding_);
    if (target_removing_ != partition_.removing.to_vector())
        record.removing_replicas = numbers(target_removing_);
    const std::vector<NodeId> before = partition_.replicas.to_vector();
    if (target_replicas_ == before) return;
    record.replicas = numbers(target_replicas_);
    // Who is no replica any more must not go on following under an epoch that still counts.
    const bool somebody_goes =
        std::ranges::any_of(before, [&](NodeId broker) { return !has(target_replicas_, broker); });
    if (somebody_goes && record.leader == kLeaderStays) record.leader = partition_.leader.value;
    if (!directory_of_new_ && partition_.directories.empty()) return;
    auto& directories = record.directories.emplace();
    for (NodeId broker : target_replicas_) {
        const Uuid* held = directory_of(partition_, broker);
        if (held != nullptr) {
            directories.push_back(*held);
        } else {
            directories.push_back(directory_of_new_ ? directory_of_new_(broker) : Uuid());
        }
    }
}

// Who leaves an ISR that becomes too small had everything up to the high watermark then, and the
// high watermark does not move until there are enough again.
void PartitionChange::fill_target_elr() {
    if (!min_isr_) return;
    const auto enough = std::min(static_cast<std::size_t>(*min_isr_), target_replicas_.size());
    if (target_isr_.size() >= enough) {
        target_elr_.clear();
        return;
    }
    for (NodeId member : partition_.isr) {
        if (!has(target_elr_, member)) target_elr_.push_back(member);
    }
    std::erase_if(target_elr_, [&](NodeId broker) {
        return has(target_isr_, broker) || broker == unclean_shutdown_ ||
               !has(target_replicas_, broker);
    });
}

bool PartitionChange::is_valid_leader(NodeId broker) const {
    const bool complete = has(target_isr_, broker) || (min_isr_ && has(target_elr_, broker));
    return complete && may_lead_(broker);
}

// An eligible leader outside the ISR has all that was acknowledged to all, and no more than that:
// it must not take over from a member.
bool PartitionChange::may_take_over(NodeId broker) const {
    return is_valid_leader(broker) && (target_isr_.empty() || has(target_isr_, broker));
}

void PartitionChange::elect(wire::PartitionChangeRecord& record) {
    const NodeId first = target_replicas_.front();
    if (first_preferred_ && partition_.leader != first && may_take_over(first)) {
        record.leader = first.value;
        if (!has(target_isr_, first)) {
            target_isr_ = {first};
            std::erase(target_elr_, first);
        }
        return;
    }
    if (partition_.leader != kNoLeader && is_valid_leader(partition_.leader)) return;
    NodeId leader = kNoLeader;
    bool unclean = false;
    for (NodeId replica : target_replicas_) {
        if (is_valid_leader(replica)) {
            leader = replica;
            break;
        }
    }
    if (leader == kNoLeader && min_isr_ && target_isr_.empty() && target_elr_.empty() &&
        partition_.last_known_elr.size() == 1 && may_lead_(partition_.last_known_elr[0])) {
        // Nobody is known to have everything, but this one led last (KIP-966, balanced recovery).
        leader = partition_.last_known_elr[0];
        unclean = true;
    }
    if (leader == kNoLeader && unclean_allowed_) {
        for (NodeId replica : target_replicas_) {
            if (may_lead_(replica)) {
                leader = replica;
                unclean = true;
                break;
            }
        }
    }
    if (leader == partition_.leader) return;
    record.leader = leader.value;
    if (unclean) {
        record.isr = std::vector<std::int32_t>{leader.value};
        if (!partition_.recovering) record.leader_recovery_state = 1;
    } else if (leader != kNoLeader && !has(target_isr_, leader)) {
        target_isr_ = {leader};
        std::erase(target_elr_, leader);
    }
}

// The last leader is remembered when a partition loses it, and forgotten when it has one.
void PartitionChange::change_last_known_leader(wire::PartitionChangeRecord& record) const {
    if (!min_isr_) {
        if (!partition_.last_known_elr.empty()) record.last_known_elr = std::vector<std::int32_t>{};
        return;
    }
    const bool known =
        partition_.last_known_elr.size() == 1 && partition_.last_known_elr[0] == partition_.leader;
    const bool leads =
        record.leader >= 0 || (partition_.leader != kNoLeader && record.leader == kLeaderStays);
    if (record.isr && record.isr->empty() && !known && partition_.leader != kNoLeader) {
        record.last_known_elr = std::vector<std::int32_t>{partition_.leader.value};
    } else if (leads && !partition_.last_known_elr.empty()) {
        record.last_known_elr = std::vector<std::int32_t>{};
    }
}

}  // namespace cauce::controller::state
