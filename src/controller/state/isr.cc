#include "controller/state/isr.h"

#include "controller/state/brokers.h"
#include "controller/state/partition_change.h"
#include "controller/state/topic_settings.h"
#include "metadata/image_records.h"
#include "wire/messages/alter_partition_request.h"
#include "wire/messages/alter_partition_response.h"

#include <algorithm>
#include <vector>

namespace cauce::controller::state {
namespace {

using Change = wire::AlterPartitionRequest::PartitionData;
using Answer = wire::AlterPartitionResponse::PartitionData;

struct Member {
    NodeId broker;
    // -1: not told (version 2).
    std::int64_t epoch = -1;
};

std::vector<Member> members_of(const Change& change) {
    std::vector<Member> members;
    for (std::int32_t id : change.new_isr)
        members.push_back({NodeId{id}, -1});
    for (const auto& state : change.new_isr_with_epochs)
        members.push_back({NodeId{state.broker_id}, state.broker_epoch});
    return members;
}

bool is_eligible(const metadata::Image& image, const Member& member) {
    const metadata::Broker* broker = image.broker(member.broker);
    return broker != nullptr && broker->is_active() &&
           (member.epoch == -1 || member.epoch == broker->epoch);
}

ErrorCode check(const metadata::Image& image, NodeId leader, const metadata::Partition& partition,
                const Change& change, const std::vector<Member>& members) {
    // An epoch from the future: this controller is behind, somebody else leads by now.
    if (change.leader_epoch > partition.leader_epoch.value ||
        change.partition_epoch > partition.partition_epoch)
        return ErrorCode::not_controller;
    if (change.leader_epoch < partition.leader_epoch.value) return ErrorCode::fenced_leader_epoch;
    if (leader != partition.leader) return ErrorCode::invalid_request;
    if (change.partition_epoch < partition.partition_epoch)
        return ErrorCode::invalid_update_version;
    if (members.empty()) return ErrorCode::invalid_request;
    bool has_leader = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!partition.replicas.contains(members[i].broker)) return ErrorCode::invalid_request;
        has_leader = has_leader || members[i].broker == leader;
        for (std::size_t j = 0; j < i; ++j) {
            if (members[j].broker == members[i].broker) return ErrorCode::invalid_request;
        }
    }
    if (!has_leader) return ErrorCode::invalid_request;
    const bool recovering = change.leader_recovery_state == 1;
    if (recovering && (members.size() > 1 || !partition.recovering))
        return ErrorCode::invalid_request;
    for (const Member& member : members) {
        if (!is_eligible(image, member)) return ErrorCode::ineligible_replica;
    }
    return ErrorCode::none;
}

}  // namespace

Outcome<wire::AlterPartitionResponse> alter_partition(const Context& context,
                                                      const wire::AlterPartitionRequest& request) {
    Outcome<wire::AlterPartitionResponse> outcome;
    auto& response = outcome.reply.response;
    const NodeId leader{request.broker_id};
    if (const auto current = check_broker_epoch(context.image, leader, request.broker_epoch);
        !current) {
        response.error_code = to_wire(current.error().code);
        return outcome;
    }
    for (const auto& topic : request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.topic_id = topic.topic_id;
        const metadata::Topic* known = context.image.topic(topic.topic_id);
        for (const Change& change : topic.partitions) {
            Answer& answer = answers.partitions.emplace_back();
            answer.partition_index = change.partition_index;
            if (known == nullptr) {
                answer.error_code = to_wire(ErrorCode::unknown_topic_id);
                continue;
            }
            const metadata::Partition* partition = known->find(change.partition_index);
            if (partition == nullptr) {
                answer.error_code = to_wire(ErrorCode::unknown_topic_or_partition);
                continue;
            }
            const std::vector<Member> members = members_of(change);
            const ErrorCode error = check(context.image, leader, *partition, change, members);
            if (error != ErrorCode::none) {
                answer.error_code = to_wire(error);
                continue;
            }
            const TopicSettings settings = topic_settings(context, known->name());
            PartitionChange next(known->id(), change.partition_index, *partition,
                                 [&](NodeId id) { return is_eligible(context.image, {id, -1}); });
            if (context.elr_enabled()) next.enable_elr(settings.min_insync_replicas);
            if (settings.unclean_leader_election) next.allow_unclean_election();
            std::vector<NodeId> isr;
            for (const Member& member : members)
                isr.push_back(member.broker);
            next.set_target_isr(isr);
            if (change.leader_recovery_state == 0) next.set_recovered();
            answer.leader_id = partition->leader.value;
            answer.leader_epoch = partition->leader_epoch.value;
            answer.partition_epoch = partition->partition_epoch;
            answer.leader_recovery_state = change.leader_recovery_state;
            for (NodeId id : isr)
                answer.isr.push_back(id.value);
            if (const auto record = next.build()) {
                outcome.records.add(*record, context.versions().partition());
                ++answer.partition_epoch;
            }
        }
    }
    return outcome;
}

}  // namespace cauce::controller::state
