// The rows of the configuration table (config_table_*.cc) and the words they are written in.
#pragma once

#include "metadata/config_keys.h"

#include <optional>
#include <span>
#include <string_view>

namespace cauce::metadata::config_table {

inline constexpr auto Bool = ConfigType::boolean;
inline constexpr auto String = ConfigType::string;
inline constexpr auto Int = ConfigType::int32;
inline constexpr auto Short = ConfigType::int16;
inline constexpr auto Long = ConfigType::int64;
inline constexpr auto Double = ConfigType::float64;
inline constexpr auto List = ConfigType::list;
inline constexpr auto Class = ConfigType::class_name;
inline constexpr auto Password = ConfigType::password;

using enum Importance;
using enum UpdateMode;

inline constexpr std::optional<std::string_view> kNull;
inline constexpr bool kShown = false;
inline constexpr bool kInternal = true;
inline constexpr bool kRequired = true;

std::span<const ConfigKey> broker();
std::span<const ConfigKey> topic();
std::span<const ConfigKey> group();
std::span<const ConfigKey> client_metrics();

}  // namespace cauce::metadata::config_table
