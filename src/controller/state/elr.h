// What eligible leader replicas (KIP-966) ask of the cluster's configuration.
#pragma once

#include "controller/state/context.h"
#include "metadata/record_list.h"

#include <string_view>

namespace cauce::controller::state {

inline constexpr std::string_view kMinInsyncReplicas = "min.insync.replicas";

// min.insync.replicas decides who is eligible, so every controller must see the same one: it
// belongs to the cluster, and no broker has one of its own. Adds what is missing for that.
void add_elr_safety_records(const Context& context, metadata::RecordList& records);

}  // namespace cauce::controller::state
