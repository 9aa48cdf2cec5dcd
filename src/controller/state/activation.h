// Activation: what a controller writes before it serves anybody.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "controller/state/context.h"
#include "metadata/broker.h"

#include <string>
#include <vector>

namespace cauce::controller::state {

// A log without any record gets its first ones: what the format step left for it (feature levels,
// SCRAM credentials), in one metadata transaction. A transaction left open by an earlier leader is
// aborted. unsupported_version: the log asks for more than this version can do; the text says what.
Result<metadata::RecordList> activation_records(const Context& context, bool log_is_empty,
                                                bool in_transaction,
                                                const metadata::RecordList& bootstrap);

struct ControllerFacts {
    NodeId id;
    Uuid incarnation;
    std::vector<metadata::Endpoint> endpoints;
};

// This controller tells who it is and where (KIP-919). No record when the image says so already or
// metadata.version is too old for it.
metadata::RecordList register_controller(const Context& context, const ControllerFacts& facts);

// What this version can work at, as registrations tell it.
std::vector<metadata::FeatureRange> offered_features();

}  // namespace cauce::controller::state
