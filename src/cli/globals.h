// What every command takes: where the cluster is, how to print, how long to wait.
#pragma once

#include "cli/arguments.h"
#include "cli/environment.h"
#include "cli/problem.h"
#include "cli/profiles.h"
#include "cli/report.h"
#include "runtime/net.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

struct Globals {
    std::vector<runtime::Address> bootstrap;
    bool bootstrap_given = false;  // on the command line
    std::string bootstrap_origin;  // "--bootstrap", "profile dev", "the default"
    OutputFormat format = OutputFormat::table;
    bool format_given = false;
    bool quiet = false;
    bool verbose = false;
    bool color = false;
    // 0: not given.
    std::int64_t timeout_ms = 0;
    // -X, in order.
    std::vector<KeyValue> settings;
    bool help = false;
};

inline constexpr std::int64_t kDefaultTimeoutMs = 10'000;

// The words of the globals as they stand on the command line, before settle() understands them.
struct GlobalWords {
    std::optional<std::string> bootstrap;
    std::optional<std::string> profile;
    std::optional<std::string> format;
    bool quiet = false;
    bool verbose = false;
    bool no_color = false;
    std::int64_t timeout_ms = 0;
    std::vector<KeyValue> settings;
    bool help = false;

    void declare(Arguments& arguments);
};

// -b wins over -X bootstrap.servers, that over CAUCE_BOOTSTRAP, that over the layers from the last
// to the first, these over 127.0.0.1:9092.
Expected<Globals> settle(const GlobalWords& words, const Invocation& invocation,
                         const std::vector<SettingsLayer>& layers = {});

// "host", "host:port", "[::1]:9092", several with commas between them. `origin` names where it was
// written, for the error.
Expected<std::vector<runtime::Address>> parse_addresses(std::string_view text,
                                                        std::string_view origin);

}  // namespace cauce::cli
