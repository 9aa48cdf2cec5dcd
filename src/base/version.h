// Who we say we are: `cauce version`, the software name clients announce, start-up lines.
#pragma once

#include <string_view>

namespace cauce::inline base {

inline constexpr std::string_view kSoftwareName = "cauce";
inline constexpr std::string_view kVersion = "0.1.0";
// The line of Apache Kafka whose protocol this speaks.
inline constexpr std::string_view kKafkaLine = "4.4";

}  // namespace cauce::inline base
