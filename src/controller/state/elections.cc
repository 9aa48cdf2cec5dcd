#include "controller/state/elections.h"

#include "controller/state/leadership.h"
#include "controller/state/partition_change.h"
#include "controller/state/topic_settings.h"
#include "wire/messages/elect_leaders_request.h"
#include "wire/messages/elect_leaders_response.h"

#include <string>

namespace cauce::controller::state {
namespace {

// As many records as one request may make.
constexpr std::size_t kElectionsMax = 10'000;

enum class ElectionType : std::int8_t { preferred = 0, unclean = 1 };

class Election {
public:
    Election(const Context& context, ElectionType type) : context_(context), type_(type) {}

    // Adds the change; the error says why there is none.
    Result<void> elect(std::string_view topic_name, std::int32_t index,
                       metadata::RecordList& records) {
        const auto unknown = [](std::string text) {
            return fail(ErrorCode::unknown_topic_or_partition, std::move(text));
        };
        const metadata::Topic* topic = context_.image.topic(topic_name);
        if (topic == nullptr) return unknown("No such topic as " + std::string(topic_name));
        const metadata::Partition* partition = topic->find(index);
        if (partition == nullptr)
            return unknown("No such partition as " + std::string(topic_name) + "-" +
                           std::to_string(index));
        const bool preferred = type_ == ElectionType::preferred;
        const bool well = preferred ? partition->leader == partition->replicas.front()
                                    : partition->leader != metadata::kNoLeader;
        if (well)
            return fail(ErrorCode::election_not_needed,
                        "Leader election not needed for topic partition.");
        PartitionChange change(topic->id(), index, *partition, [&](NodeId broker) {
            return can_lead(context_.image, *partition, broker);
        });
        if (context_.elr_enabled()) {
            const TopicSettings settings = topic_settings(context_, topic->name());
            change.enable_elr(settings.min_insync_replicas);
        }
        if (preferred) {
            change.prefer_first_replica();
        } else {
            change.allow_unclean_election();
        }
        const auto record = change.build();
        if (!record && preferred)
            return fail(ErrorCode::preferred_leader_not_available,
                        "The preferred leader was not available.");
        if (!record)
            return fail(ErrorCode::eligible_leaders_not_available,
                        "Eligible topic partition leaders are not available.");
        records.add(*record, context_.versions().partition());
        return {};
    }

private:
    const Context& context_;
    const ElectionType type_;
};

using TopicResult = wire::ElectLeadersResponse::ReplicaElectionResult;

void answer(TopicResult& topic, std::int32_t index, const Result<void>& elected, Texts& texts) {
    auto& result = topic.partition_result.emplace_back();
    result.partition_id = index;
    result.error_message.reset();
    if (elected) return;
    result.error_code = to_wire(elected.error().code);
    result.error_message = texts.keep(elected.error().message);
}

}  // namespace

Reply<wire::ElectLeadersResponse> refuse_elections(const wire::ElectLeadersRequest& request,
                                                   ErrorCode code, std::string text) {
    Reply<wire::ElectLeadersResponse> reply;
    reply.refused = text;
    reply.response.error_code = to_wire(code);
    if (!request.topic_partitions) return reply;
    const Result<void> refused = fail(code, std::move(text));
    for (const auto& wanted : *request.topic_partitions) {
        TopicResult& topic = reply.response.replica_election_results.emplace_back();
        topic.topic = wanted.topic;
        for (std::int32_t index : wanted.partitions)
            answer(topic, index, refused, reply.texts);
    }
    return reply;
}

Outcome<wire::ElectLeadersResponse> elect_leaders(const Context& context,
                                                  const wire::ElectLeadersRequest& request) {
    Outcome<wire::ElectLeadersResponse> outcome;
    auto& results = outcome.reply.response.replica_election_results;
    if (request.election_type < 0 || request.election_type > 1) {
        outcome.reply =
            refuse_elections(request, ErrorCode::invalid_request,
                             "Unknown election type " + std::to_string(request.election_type));
        return outcome;
    }
    Election election(context, static_cast<ElectionType>(request.election_type));
    if (request.topic_partitions) {
        for (const auto& wanted : *request.topic_partitions) {
            TopicResult& topic = results.emplace_back();
            topic.topic = wanted.topic;
            for (std::int32_t index : wanted.partitions)
                answer(topic, index, election.elect(wanted.topic, index, outcome.records),
                       outcome.reply.texts);
        }
    } else {
        for (const auto& known : context.image.topics()) {
            TopicResult& topic = results.emplace_back();
            // The topic may be gone when the reply is read.
            topic.topic = outcome.reply.texts.keep(known->name());
            for (std::int32_t index = 0; index < known->partition_count(); ++index) {
                const Result<void> elected = election.elect(known->name(), index, outcome.records);
                if (!elected && elected.error().code == ErrorCode::election_not_needed) continue;
                answer(topic, index, elected, outcome.reply.texts);
            }
        }
    }
    if (outcome.records.size() > kElectionsMax) {
        outcome.records.clear();
        outcome.reply = refuse_elections(request, ErrorCode::policy_violation,
                                         "Unable to perform excessively large batch operation.");
    }
    return outcome;
}

}  // namespace cauce::controller::state
