// From a topic's configuration, as this broker sees it, to what its partitions obey.
#pragma once

#include "metadata/effective_config.h"
#include "replica/topic_settings.h"

#include <memory>
#include <string_view>

namespace cauce::replica {

// The values were checked when they were set.
std::shared_ptr<const TopicSettings> settings_of(const metadata::EffectiveConfig& config,
                                                 std::string_view topic);

}  // namespace cauce::replica
