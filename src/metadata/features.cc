#include "metadata/features.h"

#include <algorithm>
#include <array>

namespace cauce::metadata {
namespace {

constexpr std::array<SupportedFeature, 7> kFeatures = {{
    {"eligible.leader.replicas.version", 0, 1, 1, 1},
    {"group.version", 0, 0, 0, 1},
    {"kraft.version", 0, 1, 1, 1},
    {"metadata.version", 7, 33, 33, 33},
    {"share.version", 0, 0, 0, 2},
    {"streams.version", 0, 0, 0, 1},
    {"transaction.version", 0, 0, 0, 2},
}};

constexpr std::int16_t kFirstMetadataVersion = 7;
constexpr std::array<std::string_view, 27> kMetadataVersions = {
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1",
    "3.6-IV2", "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0",
    "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1",
    "4.2-IV0", "4.2-IV1", "4.3-IV0", "4.4-IV0", "4.4-IV1", "4.4-IV2",
};

// Levels that brought a new form of the metadata.
constexpr std::array<std::int16_t, 11> kMetadataChanges = {
    7,   // 3.3-IV3
    8,   // 3.4-IV0
    11,  // 3.5-IV2
    13,  // 3.6-IV1
    14,  // 3.6-IV2
    15,  // 3.7-IV0
    17,  // 3.7-IV2
    23,  // 4.0-IV1
    30,  // 4.3-IV0
    32,  // 4.4-IV1
    33,  // 4.4-IV2
};

}  // namespace

std::span<const SupportedFeature> supported_features() {
    return kFeatures;
}

const SupportedFeature* supported_feature(std::string_view name) {
    const auto at = std::ranges::find(kFeatures, name, &SupportedFeature::name);
    return at == kFeatures.end() ? nullptr : &*at;
}

std::map<std::string, std::int16_t, std::less<>> bootstrap_features() {
    std::map<std::string, std::int16_t, std::less<>> levels;
    for (const SupportedFeature& feature : kFeatures) {
        if (feature.initial > 0 && feature.name != kKraftVersion)
            levels.emplace(feature.name, feature.initial);
    }
    return levels;
}

bool metadata_changed(std::int16_t from, std::int16_t to) {
    return std::ranges::any_of(kMetadataChanges,
                               [&](std::int16_t change) { return change > from && change <= to; });
}

std::string_view metadata_version_name(std::int16_t level) {
    const int place = level - kFirstMetadataVersion;
    if (place < 0 || place >= static_cast<int>(kMetadataVersions.size())) return {};
    return kMetadataVersions[static_cast<std::size_t>(place)];
}

std::optional<std::int16_t> metadata_version_level(std::string_view name) {
    std::optional<std::int16_t> found;
    for (std::size_t i = 0; i < kMetadataVersions.size(); ++i) {
        const std::string_view known = kMetadataVersions[i];
        const bool release_only = name.find("-IV") == std::string_view::npos;
        if (known == name || (release_only && known.substr(0, known.find("-IV")) == name))
            found = static_cast<std::int16_t>(kFirstMetadataVersion + static_cast<int>(i));
    }
    return found;
}

}  // namespace cauce::metadata
