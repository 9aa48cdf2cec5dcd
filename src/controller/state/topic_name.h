// What a topic may be called.
#pragma once

#include "base/result.h"
#include "metadata/image.h"

#include <string>
#include <string_view>

namespace cauce::controller::state {

inline constexpr std::size_t kTopicNameSizeMax = 249;
// The log this controller keeps; nobody else's topic.
inline constexpr std::string_view kMetadataTopic = "__cluster_metadata";

// invalid_topic_exception with Kafka's text.
Result<void> check_topic_name(std::string_view name);

// Names that differ only in '.' and '_' would share their metrics' names. The existing topic `name`
// collides with; empty when there is none. A topic does not collide with itself.
std::string_view colliding_topic(const metadata::Image& image, std::string_view name);

}  // namespace cauce::controller::state
