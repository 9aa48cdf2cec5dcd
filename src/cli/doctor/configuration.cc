#include "cli/dial.h"
#include "cli/doctor/finding.h"
#include "metadata/config_keys.h"

#include <map>

namespace cauce::cli {
namespace {

// A fault begins with its place: "server.properties:13: there is no key ...".
Finding from_text(Severity severity, std::string_view text) {
    const std::size_t colon = text.find(": ");
    if (colon == std::string_view::npos)
        return {severity, "configuration", std::string(text), {}, {}};
    return {severity,
            "configuration",
            std::string(text.substr(colon + 2)),
            std::string(text.substr(0, colon)),
            {}};
}

// The listeners' ports by their text, the controllers' too: "NAME://host:port".
Findings shared_ports(const ServerSetup& setup) {
    Findings findings;
    const auto given = setup.keys.find("listeners");
    if (given == setup.keys.end()) return findings;
    std::map<std::string, std::string> names;  // by port
    for (const std::string& entry : metadata::config_list(given->second.value)) {
        const std::string name = entry.substr(0, entry.find("://"));
        const std::string port = entry.substr(entry.rfind(':') + 1);
        const auto [other, is_new] = names.emplace(port, name);
        if (is_new || port == "0") continue;
        findings.push_back(
            {Severity::error, "listener-port",
             other->second + " and " + name + " both have port " + port, given->second.place,
             "give " + name + " a port of its own, here and in advertised.listeners"});
    }
    return findings;
}

Findings advertised_to_nobody(const ServerSetup& setup, const ServerSetup::Listener& listener) {
    const std::string place = place_of(setup, {"advertised.listeners", "listeners"});
    const std::string shown = listener.advertised.to_string();
    const bool shows_loopback = is_loopback(listener.advertised.host);
    const bool binds_loopback = is_loopback(listener.bind.host);
    if (shows_loopback && !binds_loopback)
        return {{Severity::warning, "advertised-address",
                 "listener " + listener.name + " tells every client to come to " + shown +
                     ": a client on another machine, or in another container, comes to itself",
                 place,
                 "advertised.listeners=" + listener.name +
                     "://NAME:" + std::to_string(listener.advertised.port) +
                     " with the name by which clients reach this machine"}};
    if (binds_loopback && !shows_loopback)
        return {{Severity::error, "advertised-address",
                 "listener " + listener.name + " tells clients to come to " + shown +
                     ", but listens on " + listener.bind.to_string() + " only",
                 place_of(setup, {"listeners"}),
                 "listeners=" + listener.name + "://:" + std::to_string(listener.bind.port)}};
    return {};
}

}  // namespace

Findings examine_configuration(const ServerSetup& setup) {
    Findings findings;
    for (const std::string& fault : setup.faults)
        findings.push_back(from_text(Severity::error, fault));
    append(findings, shared_ports(setup));
    if (setup.faults.empty()) {
        findings.push_back({Severity::ok,
                            "configuration",
                            setup.source + " can be started: node " +
                                std::to_string(setup.node.value) + ", data in " +
                                setup.metadata_directory,
                            {},
                            {}});
        for (const ServerSetup::Listener& listener : setup.listeners)
            append(findings, advertised_to_nobody(setup, listener));
    }
    for (const std::string& note : setup.notes)
        findings.push_back(from_text(Severity::note, note));
    return findings;
}

Findings examine_together(const std::vector<ServerSetup>& setups) {
    Findings findings;
    std::map<NodeId, const ServerSetup*> nodes;
    for (const ServerSetup& setup : setups) {
        if (!setup.faults.empty()) continue;
        const auto [other, is_new] = nodes.emplace(setup.node, &setup);
        if (is_new) continue;
        findings.push_back({Severity::error, "node-id",
                            "node " + std::to_string(setup.node.value) + " is also the node of " +
                                place_of(*other->second, {"node.id", "broker.id"}),
                            place_of(setup, {"node.id", "broker.id"}),
                            "node.id=N with a number that no other node of the cluster has"});
    }
    return findings;
}

}  // namespace cauce::cli
