// PartitionChange: what becomes of a partition's leader, ISR and eligible leaders when brokers come
// or go or a leader changes its ISR (KIP-966), and of its replicas when they are reassigned
// (KIP-455). Takes what is wanted, gives the record that gets there, or none when nothing changes.
//
// A reassignment is complete once every replica it adds is in the ISR: whatever the change was for,
// the replicas it removes go with it then.
#pragma once

#include "base/ids.h"
#include "metadata/features.h"
#include "metadata/topic.h"
#include "wire/messages/partition_change_record.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace cauce::controller::state {

class PartitionChange {
public:
    // `may_lead` tells whether a broker could lead now: active, with its directory online.
    PartitionChange(TopicId topic, std::int32_t index, const metadata::Partition& partition,
                    std::function<bool(NodeId)> may_lead);

    // Eligible leaders are kept while the ISR is smaller than min.insync.replicas. Without this the
    // last member never leaves the ISR.
    void enable_elr(std::int32_t min_isr) { min_isr_ = min_isr; }
    void allow_unclean_election() { unclean_allowed_ = true; }
    // The first replica takes over when it can, from a leader that is well, too.
    void prefer_first_replica() { first_preferred_ = true; }
    void set_target_isr(std::vector<NodeId> isr) { target_isr_ = std::move(isr); }
    // These lost what they had not flushed: no eligible leaders any more.
    void set_unclean_shutdown(NodeId broker) { unclean_shutdown_ = broker; }
    void set_recovered() { target_recovering_ = false; }
    // What comes and what goes are both part of `replicas` while it runs. `directory_of_new` tells
    // where a broker puts a replica; null: directories are not known to the metadata version.
    void set_reassignment(std::vector<NodeId> replicas, std::vector<NodeId> adding,
                          std::vector<NodeId> removing,
                          std::function<Uuid(NodeId)> directory_of_new);

    std::optional<wire::PartitionChangeRecord> build();

private:
    void complete_reassignment();
    void change_replicas(wire::PartitionChangeRecord& record) const;
    void fill_target_elr();
    void elect(wire::PartitionChangeRecord& record);
    bool is_valid_leader(NodeId broker) const;
    bool may_take_over(NodeId broker) const;
    void change_last_known_leader(wire::PartitionChangeRecord& record) const;

    TopicId topic_;
    std::int32_t index_;
    const metadata::Partition& partition_;
    std::function<bool(NodeId)> may_lead_;
    std::optional<std::int32_t> min_isr_;
    bool unclean_allowed_ = false;
    bool first_preferred_ = false;
    std::optional<NodeId> unclean_shutdown_;

    std::function<Uuid(NodeId)> directory_of_new_;

    std::vector<NodeId> target_replicas_;
    std::vector<NodeId> target_adding_;
    std::vector<NodeId> target_removing_;
    std::vector<NodeId> target_isr_;
    std::vector<NodeId> target_elr_;
    bool target_recovering_;
};

}  // namespace cauce::controller::state
