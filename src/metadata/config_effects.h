// What setting a key does in this version. Every key of Kafka 4.4 is taken, shown and kept; those
// without effect yet are told apart here, for the log and for `config explain`.
#pragma once

#include "metadata/config_keys.h"

#include <cstdint>
#include <string_view>

namespace cauce::metadata {

enum class ConfigEffect : std::uint8_t {
    none,      // known and kept, nothing else
    at_start,  // read from the broker's file when it starts
    at_once,   // a change is followed while the broker runs
    refused,   // not taken at all: ignoring it would weaken security or lose data
};

// The key must be one of the scope.
ConfigEffect config_effect(ConfigScope scope, std::string_view key);

// Why nobody may set a broker's key, whatever its value would be; empty when they may.
std::string_view why_refused(std::string_view key);

}  // namespace cauce::metadata
