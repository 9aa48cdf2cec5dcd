#include "cli/doctor/finding.h"

namespace cauce::cli {

std::string_view severity_name(Severity severity) {
    switch (severity) {
        case Severity::ok:
            return "ok";
        case Severity::note:
            return "note";
        case Severity::warning:
            return "warning";
        case Severity::error:
            return "error";
    }
    return "";
}

std::string place_of(const ServerSetup& setup, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
        const auto found = setup.keys.find(std::string(key));
        if (found != setup.keys.end()) return found->second.place;
    }
    return setup.source + " (no " + std::string(*keys.begin()) + " yet)";
}

}  // namespace cauce::cli
