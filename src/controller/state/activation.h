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

// Whether this version may go on from `image`. unsupported_version: it holds something of a newer
// one; the text says what.
Result<void> check_image(const metadata::Image& image);

// What this version can work at, as registrations in this cluster tell it. Levels of features that
// Apache Kafka finalized and we lack are kept, so they are in: a registration that leaves them out
// would be refused by that controller and by ours.
std::vector<metadata::FeatureRange> offered_features(const metadata::Image& image);

}  // namespace cauce::controller::state
