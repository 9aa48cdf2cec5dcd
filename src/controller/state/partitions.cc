#include "controller/state/partitions.h"

#include "controller/state/new_partitions.h"
#include "controller/state/placement.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using metadata::Partition;
using Request = wire::CreatePartitionsRequest;
using Wanted = Request::CreatePartitionsTopic;

// As many as the topic would get more; checked before anything is placed.
std::int64_t additional(const metadata::Image& image, const Wanted& wanted) {
    const metadata::Topic* topic = image.topic(wanted.name);
    if (topic == nullptr) return 0;
    return std::max<std::int64_t>(0, std::int64_t{wanted.count} - topic->partition_count());
}

Result<void> check_count(const metadata::Topic& topic, const Wanted& wanted) {
    const std::string before = std::to_string(topic.partition_count());
    if (wanted.count == topic.partition_count())
        return fail(ErrorCode::invalid_partitions,
                    "Topic already has " + before + " partition(s).");
    if (wanted.count < topic.partition_count())
        return fail(ErrorCode::invalid_partitions,
                    "The topic " + topic.name() + " currently has " + before + " partition(s); " +
                        std::to_string(wanted.count) + " would not be an increase.");
    const auto more = static_cast<std::size_t>(wanted.count - topic.partition_count());
    if (wanted.assignments && wanted.assignments->size() != more)
        return fail(
            ErrorCode::invalid_replica_assignment,
            "Attempted to add " + std::to_string(more) + " additional partition(s), but only " +
                std::to_string(wanted.assignments->size()) + " assignment(s) were specified.");
    return {};
}

Result<std::vector<Partition>> assigned(const metadata::Image& image, const metadata::Topic& topic,
                                        const Wanted& wanted) {
    const std::size_t factor = topic.partition(0).replicas.size();
    std::vector<Partition> partitions;
    for (const auto& assignment : *wanted.assignments) {
        ASSIGN_OR_RETURN(const std::vector<NodeId> replicas,
                         check_assignment(image, assignment.broker_ids, factor));
        const std::vector<NodeId> isr = active_of(image, replicas);
        const std::size_t index =
            static_cast<std::size_t>(topic.partition_count()) + partitions.size();
        if (isr.empty())
            return fail(ErrorCode::invalid_replica_assignment,
                        "All brokers specified in the manual partition assignment for partition " +
                            std::to_string(index) + " are fenced or in controlled shutdown.");
        partitions.push_back(new_partition(image, replicas, isr));
    }
    return partitions;
}

Result<std::vector<Partition>> placed(const metadata::Image& image, Chance& chance,
                                      const metadata::Topic& topic, std::int32_t more) {
    const auto factor = static_cast<std::int16_t>(topic.partition(0).replicas.size());
    ASSIGN_OR_RETURN(const std::vector<std::vector<NodeId>> places,
                     place(image, chance, more, factor));
    std::vector<Partition> partitions;
    partitions.reserve(places.size());
    for (const std::vector<NodeId>& replicas : places) {
        const std::vector<NodeId> isr = active_of(image, replicas);
        if (isr.empty())
            return fail(ErrorCode::invalid_replication_factor,
                        "Unable to replicate the partition " + std::to_string(factor) +
                            " time(s): All brokers are currently fenced or in controlled "
                            "shutdown.");
        partitions.push_back(new_partition(image, replicas, isr));
    }
    return partitions;
}

Result<void> add_partitions(const Context& context, Chance& chance, const Wanted& wanted,
                            metadata::RecordList& records) {
    const metadata::Topic* topic = context.image.topic(wanted.name);
    if (topic == nullptr) return fail(ErrorCode::unknown_topic_or_partition);
    RETURN_IF_ERROR(check_count(*topic, wanted));
    // A log that somebody damaged may know a topic without its first partition.
    if (topic->find(0) == nullptr)
        return fail(ErrorCode::unknown_server_error,
                    "Invalid state: topic " + topic->name() + " appears to have no partitions.");
    std::vector<Partition> partitions;
    if (wanted.assignments) {
        ASSIGN_OR_RETURN(partitions, assigned(context.image, *topic, wanted));
    } else {
        const std::int32_t more = wanted.count - topic->partition_count();
        ASSIGN_OR_RETURN(partitions, placed(context.image, chance, *topic, more));
    }
    std::int32_t index = topic->partition_count();
    for (const Partition& partition : partitions)
        add_partition_record(context, topic->id(), index++, partition, records);
    return {};
}

}  // namespace

Outcome<wire::CreatePartitionsResponse> create_partitions(
    const Context& context, Chance& chance, const wire::CreatePartitionsRequest& request) {
    Outcome<wire::CreatePartitionsResponse> outcome;
    std::map<std::string_view, int> named;
    std::int64_t total = 0;
    for (const Wanted& wanted : request.topics) {
        ++named[wanted.name];
        total += additional(context.image, wanted);
    }
    std::set<std::string_view> answered;
    for (const Wanted& wanted : request.topics) {
        if (!answered.insert(wanted.name).second) continue;
        Result<void> added;
        if (named[wanted.name] > 1) {
            added = fail(ErrorCode::invalid_request, "Duplicate topic name.");
        } else if (total > kPartitionsPerRequestMax) {
            added = fail(ErrorCode::policy_violation,
                         "Unable to perform excessively large batch operation.");
        } else {
            added = add_partitions(context, chance, wanted, outcome.records);
        }
        auto& result = outcome.reply.response.results.emplace_back();
        result.name = wanted.name;
        if (added) continue;
        Error error = std::move(added).error();
        result.error_code = to_wire(error.code);
        if (!error.message.empty())
            result.error_message = outcome.reply.texts.keep(std::move(error.message));
    }
    if (request.validate_only) outcome.records.clear();
    return outcome;
}

}  // namespace cauce::controller::state
