// Partitions that are about to be: what CreateTopics and CreatePartitions have in common.
#pragma once

#include "base/result.h"
#include "controller/state/context.h"
#include "metadata/topic.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cauce::controller::state {

// What one request may create; more is policy_violation, as in Kafka.
inline constexpr std::int32_t kPartitionsPerRequestMax = 10'000;

// The first of the ISR leads.
metadata::Partition new_partition(const metadata::Image& image, const std::vector<NodeId>& replicas,
                                  const std::vector<NodeId>& isr);

// Those that could be in an ISR now, in the same order.
std::vector<NodeId> active_of(const metadata::Image& image, const std::vector<NodeId>& replicas);

// Brokers somebody chose by hand. invalid_replica_assignment with Kafka's text.
Result<std::vector<NodeId>> check_assignment(const metadata::Image& image,
                                             const std::vector<std::int32_t>& broker_ids,
                                             std::optional<std::size_t> replicas_before);

void add_partition_record(const Context& context, TopicId topic, std::int32_t index,
                          const metadata::Partition& partition, metadata::RecordList& records);

}  // namespace cauce::controller::state
