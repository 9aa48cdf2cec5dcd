#include "controller/state/reassignments.h"

#include "controller/state/leadership.h"
#include "controller/state/new_partitions.h"
#include "controller/state/partition_change.h"
#include "controller/state/placement.h"
#include "controller/state/topic_settings.h"
#include "wire/messages/alter_partition_reassignments_request.h"
#include "wire/messages/alter_partition_reassignments_response.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::controller::state {
namespace {

using metadata::Partition;
using Brokers = std::vector<NodeId>;
using Wanted = wire::AlterPartitionReassignmentsRequest::ReassignablePartition;

bool has(const Brokers& list, NodeId broker) {
    return std::ranges::find(list, broker) != list.end();
}

Brokers without(const metadata::ReplicaList& list, const Brokers& those) {
    Brokers rest = list.to_vector();
    std::erase_if(rest, [&](NodeId broker) { return has(those, broker); });
    return rest;
}

// One partition's move.
class Reassignment {
public:
    Reassignment(const Context& context, const metadata::Topic& topic, std::int32_t index,
                 const Partition& partition)
        : context_(context),
          topic_(topic),
          index_(index),
          partition_(partition),
          settings_(topic_settings(context, topic.name())),
          change_(topic.id(), index, partition,
                  [this](NodeId broker) { return may_lead(broker); }) {
        if (context.elr_enabled()) change_.enable_elr(settings_.min_insync_replicas);
    }
    Reassignment(const Reassignment&) = delete;
    Reassignment& operator=(const Reassignment&) = delete;

    Result<std::optional<wire::PartitionChangeRecord>> to(const std::vector<std::int32_t>& wanted,
                                                          bool other_factor_allowed) {
        ASSIGN_OR_RETURN(Brokers replicas, check_assignment(context_.image, wanted, std::nullopt));
        // Of a move that runs, only where it began counts.
        const Brokers moving = partition_.adding.to_vector();
        const std::size_t factor = without(partition_.replicas, moving).size();
        if (!other_factor_allowed && replicas.size() != factor)
            return fail(ErrorCode::invalid_replication_factor,
                        "The replication factor is changed from " + std::to_string(factor) +
                            " to " + std::to_string(replicas.size()));
        const Brokers before = partition_.replicas.to_vector();
        Brokers adding;
        for (NodeId broker : replicas) {
            if (!has(before, broker)) adding.push_back(broker);
        }
        // A replica that a running move adds and this one keeps has still to come.
        for (NodeId broker : partition_.adding) {
            if (has(replicas, broker)) adding.push_back(broker);
        }
        Brokers removing = without(partition_.replicas, replicas);
        std::ranges::sort(adding);
        std::ranges::sort(removing);
        replicas.insert(replicas.end(), removing.begin(), removing.end());
        change_.set_reassignment(std::move(replicas), std::move(adding), std::move(removing),
                                 directories());
        return change_.build();
    }

    // Back to where it began.
    Result<std::optional<wire::PartitionChangeRecord>> cancel() {
        if (partition_.adding.empty() && partition_.removing.empty())
            return fail(ErrorCode::no_reassignment_in_progress,
                        "No partition reassignment is in progress.");
        const Brokers added = partition_.adding.to_vector();
        Brokers replicas = without(partition_.replicas, added);
        Brokers isr = without(partition_.isr, added);
        // A log that somebody damaged may say that all of them are new.
        const bool unclean = isr.empty();
        if (replicas.empty() || (unclean && !settings_.unclean_leader_election))
            return fail(ErrorCode::invalid_replica_assignment,
                        "Unable to revert partition assignment for " + topic_.name() + ":" +
                            std::to_string(index_) +
                            " because it would require an unclean leader election.");
        if (unclean) {
            isr = {replicas.front()};
            change_.allow_unclean_election();
        }
        change_.set_target_isr(std::move(isr));
        change_.set_reassignment(std::move(replicas), {}, {}, directories());
        return change_.build();
    }

private:
    // A replica that comes has no directory yet: whether its broker is there decides.
    bool may_lead(NodeId broker) const { return can_lead(context_.image, partition_, broker); }

    std::function<Uuid(NodeId)> directories() const {
        if (context_.versions().partition() < 1) return nullptr;
        return [this](NodeId broker) { return default_directory(context_.image, broker); };
    }

    const Context& context_;
    const metadata::Topic& topic_;
    const std::int32_t index_;
    const Partition& partition_;
    const TopicSettings settings_;
    PartitionChange change_;
};

Result<void> reassign(const Context& context, std::string_view topic_name, const Wanted& wanted,
                      bool other_factor_allowed, metadata::RecordList& records) {
    const metadata::Topic* topic = context.image.topic(topic_name);
    if (topic == nullptr)
        return fail(ErrorCode::unknown_topic_or_partition,
                    "Unable to find a topic named " + std::string(topic_name) + ".");
    const Partition* partition = topic->find(wanted.partition_index);
    if (partition == nullptr)
        return fail(ErrorCode::unknown_topic_or_partition,
                    "Unable to find partition " + topic->name() + ":" +
                        std::to_string(wanted.partition_index) + ".");
    Reassignment move(context, *topic, wanted.partition_index, *partition);
    auto record = wanted.replicas ? move.to(*wanted.replicas, other_factor_allowed) : move.cancel();
    if (!record) return std::unexpected(std::move(record).error());
    if (*record) records.add(**record, context.versions().partition());
    return {};
}

}  // namespace

Outcome<wire::AlterPartitionReassignmentsResponse> alter_partition_reassignments(
    const Context& context, const wire::AlterPartitionReassignmentsRequest& request) {
    Outcome<wire::AlterPartitionReassignmentsResponse> outcome;
    auto& response = outcome.reply.response;
    response.error_message.reset();
    response.allow_replication_factor_change = request.allow_replication_factor_change;
    for (const auto& topic : request.topics) {
        auto& answers = response.responses.emplace_back();
        answers.name = topic.name;
        for (const Wanted& wanted : topic.partitions) {
            auto& answer = answers.partitions.emplace_back();
            answer.partition_index = wanted.partition_index;
            answer.error_message.reset();
            const Result<void> done =
                reassign(context, topic.name, wanted, request.allow_replication_factor_change,
                         outcome.records);
            if (done) continue;
            answer.error_code = to_wire(done.error().code);
            answer.error_message = outcome.reply.texts.keep(done.error().message);
        }
    }
    return outcome;
}

}  // namespace cauce::controller::state
