// What `cauce doctor` finds: what is so, where it was written, and what to write instead.
#pragma once

#include "base/time.h"
#include "cli/server_verbs.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

enum class Severity : std::uint8_t {
    ok,
    note,     // worth knowing
    warning,  // works, but not for everybody or not for long
    error,    // does not work
};

struct Finding {
    Severity severity = Severity::ok;
    std::string check;   // stable, for scripts: "advertised-address"
    std::string says;    // what is so
    std::string place;   // what to change: "server.properties:12"; empty when there is nothing
    std::string change;  // what to write there, or to do; may be empty when `says` tells
};
using Findings = std::vector<Finding>;

std::string_view severity_name(Severity severity);

inline bool has_errors(const Findings& findings) {
    return std::ranges::any_of(findings,
                               [](const Finding& f) { return f.severity == Severity::error; });
}

inline void append(Findings& to, Findings more) {
    std::ranges::move(more, std::back_inserter(to));
}

// Where the first of these keys that was given is written; else where it would be.
std::string place_of(const ServerSetup& setup, std::initializer_list<std::string_view> keys);

// --- what is wrong by itself

// The configuration as it was read, and its listeners among themselves.
Findings examine_configuration(const ServerSetup& setup);
// Configurations that are to be one cluster.
Findings examine_together(const std::vector<ServerSetup>& setups);
Findings examine_host(const HostFacts& facts, WallTime now);

}  // namespace cauce::cli
