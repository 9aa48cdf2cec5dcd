// What every handler of this folder is given, and what it gives back.
//
// A handler is a function: the cluster as it is (proposals under way included) and a request in,
// records and a reply out. It changes nothing; replaying the records does, in ImageBuilder.
#pragma once

#include "base/ids.h"
#include "controller/state/reply.h"
#include "metadata/effective_config.h"
#include "metadata/features.h"
#include "metadata/image.h"
#include "metadata/record_list.h"

#include <cstdint>

namespace cauce::controller::state {

// Where handlers get what must not be foreseen: ids of topics, where placement begins.
class Chance {
public:
    virtual ~Chance() = default;
    // Uniform in [0, bound).
    virtual std::uint64_t below(std::uint64_t bound) = 0;
    virtual Uuid uuid() = 0;
};

struct Context {
    const metadata::Image& image;
    // This controller's own file: the defaults of the cluster.
    const metadata::StaticConfig& file;
    NodeId node;

    metadata::EffectiveConfig config() const { return {image, file, node}; }
    metadata::RecordVersions versions() const {
        return metadata::RecordVersions(image.feature_level(metadata::kMetadataVersion));
    }
    bool elr_enabled() const { return image.feature_level(metadata::kElrVersion) > 0; }
};

// All of the records take effect, or none; the reply is due when they are committed.
template <typename Response>
struct Outcome {
    metadata::RecordList records;
    Reply<Response> reply;
};

}  // namespace cauce::controller::state
