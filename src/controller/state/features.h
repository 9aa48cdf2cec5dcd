// UpdateFeatures (KIP-584): finalized feature levels go up, and down where nothing would be lost.
#pragma once

#include "controller/state/context.h"

#include <cstdint>

namespace cauce::wire {
struct UpdateFeaturesRequest;
struct UpdateFeaturesResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// All updates of the request take effect, or none: one that cannot be made is the error of all.
// `kraft_version` is the quorum's, whose level stands in control records and not in the image.
Outcome<wire::UpdateFeaturesResponse> update_features(const Context& context,
                                                      std::int16_t kraft_version,
                                                      const wire::UpdateFeaturesRequest& request);

}  // namespace cauce::controller::state
