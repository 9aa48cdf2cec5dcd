#include "cli/doctor/network.h"

#include "cli/dial.h"
#include "wire/api_table.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/produce_request.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace cauce::cli {
namespace {

using runtime::Address;
using runtime::Task;
using Reason = DialFailure::Reason;

std::string node_text(NodeId node) {
    return "node " + std::to_string(node.value);
}

MonoTime until(const Environment& environment, Duration patience) {
    return environment.shards.clock().now() + patience;
}

// Nobody answers at a listener's address: whether the broker could take it.
Task<Finding> try_port(Environment& environment, ServerSetup::Listener listener,
                       std::string place) {
    const auto bound = co_await environment.net.listen(listener.bind);
    const std::string shown = listener.bind.host.empty()
                                  ? "port " + std::to_string(listener.bind.port)
                                  : listener.bind.to_string();
    if (bound) {
        (*bound)->close();
        co_return Finding{
            Severity::note,
            "listener",
            "the broker does not run; " + shown + " is free for listener " + listener.name,
            {},
            {}};
    }
    const IoError& error = bound.error();
    Finding finding{
        Severity::error, "listener",
        "listener " + listener.name + " cannot have " + shown + ": " + std::strerror(error.number),
        std::move(place), "write an address of this machine, or none for all of them"};
    if (error.number == EADDRINUSE) {
        finding.check = "listener-port";
        finding.says =
            "another program has " + shown + ", which listener " + listener.name + " is to have";
        finding.change = "end that program, or write another port";
    } else if (error.number == EACCES) {
        finding.change = "ports below 1024 are for root: write another one";
    } else if (std::string_view(error.operation) == "look up") {
        finding.says =
            "listener " + listener.name + ": no address is known for " + listener.bind.host;
    }
    co_return finding;
}

struct Running {
    bool is_running = false;
    std::string cluster_id;
};

// Whether the broker itself answers at one of its listeners.
Task<Findings> look_at_listener(Environment& environment, const ServerSetup& setup,
                                ServerSetup::Listener listener, Duration patience,
                                Running& running) {
    const std::string place = place_of(setup, {"listeners"});
    const Address address = nearby(listener.bind);
    const Dialed broker = co_await dial(environment, address, until(environment, patience));
    Findings findings;
    if (broker && broker->node(setup.node) != nullptr) {
        running = {true, broker->cluster_id};
        findings.push_back(
            {Severity::ok,
             "listener",
             "the broker answers at " + address.to_string() + " (listener " + listener.name + ")",
             {},
             {}});
    } else if (broker) {
        findings.push_back({Severity::error, "listener-port",
                            "a broker of cluster " + broker->cluster_id + " has " +
                                address.to_string() + ", and it is not " + node_text(setup.node),
                            place, "write another port for listener " + listener.name});
    } else if (broker.error().reason == Reason::no_kafka) {
        findings.push_back({Severity::error, "listener-port",
                            "another program has the port of listener " + listener.name + ": " +
                                broker.error().text,
                            place, "end that program, or write another port"});
    } else {
        findings.push_back(co_await try_port(environment, std::move(listener), place));
    }
    co_return findings;
}

// The change that a failed advertised address asks for.
std::string change_of(const DialFailure& failure, const Address& address) {
    switch (failure.reason) {
        case Reason::unknown_name:
            return "write a name that clients can look up, or the machine's address, in place of " +
                   address.host;
        case Reason::refused:
            return "write the port on which it is reached (a published port, when it runs in a "
                   "container) in place of " +
                   std::to_string(address.port);
        case Reason::silent:
            return "write an address to which there is a way from the clients, or open the "
                   "firewall for " +
                   address.to_string();
        case Reason::no_kafka:
            return "write the address of the broker itself in place of " + address.to_string();
    }
    return {};
}

Task<Finding> look_at_advertised(Environment& environment, const ServerSetup& setup,
                                 const ServerSetup::Listener& listener, Duration patience,
                                 const Running& running) {
    const std::string place = place_of(setup, {"advertised.listeners", "listeners"});
    const Address& address = listener.advertised;
    const std::string subject =
        "clients of listener " + listener.name + " are told to come to " + address.to_string();
    const Dialed broker = co_await dial(environment, address, until(environment, patience));
    if (!broker) {
        const DialFailure& failure = broker.error();
        const bool certain = running.is_running || failure.reason == Reason::unknown_name ||
                             failure.reason == Reason::no_kafka;
        if (!certain)
            co_return Finding{Severity::note,
                              "advertised-address",
                              subject + ": that can be tried when the broker runs",
                              place,
                              {}};
        co_return Finding{Severity::error, "advertised-address", subject + ": " + failure.text,
                          place, change_of(failure, address)};
    }
    const bool same_cluster = !running.is_running || running.cluster_id == broker->cluster_id;
    if (broker->node(setup.node) == nullptr || !same_cluster)
        co_return Finding{Severity::error, "advertised-address",
                          subject + ", where a broker of cluster " + broker->cluster_id +
                              " answers that is not this one",
                          place,
                          "write this broker's own address in place of " + address.to_string()};
    co_return Finding{Severity::ok, "advertised-address", subject + ", and it answers", {}, {}};
}

std::string versions_text(const DialedBroker& broker) {
    const auto highest = [&](std::int16_t key) {
        const auto found = broker.versions.find(key);
        return found == broker.versions.end() ? std::string("none")
                                              : std::to_string(found->second.max);
    };
    return "Produce up to " + highest(wire::ProduceRequest::kApiKey) + ", Fetch up to " +
           highest(wire::FetchRequest::kApiKey);
}

// What a client needs of a broker, and whether this one has it.
Finding look_at_versions(const Address& address, const DialedBroker& broker) {
    struct Need {
        std::int16_t key;
        std::int16_t min;
        std::int16_t max;
    };
    for (const Need& need : {Need{wire::ProduceRequest::kApiKey, wire::ProduceRequest::kMinVersion,
                                  wire::ProduceRequest::kMaxVersion},
                             Need{wire::FetchRequest::kApiKey, wire::FetchRequest::kMinVersion,
                                  wire::FetchRequest::kMaxVersion}}) {
        const auto found = broker.versions.find(need.key);
        if (found == broker.versions.end() || found->second.max < need.min ||
            found->second.min > need.max)
            return {Severity::error, "versions",
                    address.to_string() + " speaks no version of " +
                        std::string(wire::find_api(static_cast<wire::ApiKey>(need.key)).name) +
                        " that a client of Kafka 4 speaks",
                    "the program at " + address.to_string(), "upgrade it to Kafka 2.1 or newer"};
    }
    return {
        Severity::ok, "versions", address.to_string() + " speaks " + versions_text(broker), {}, {}};
}

}  // namespace

Task<Findings> examine_listeners(Environment& environment, ServerSetup setup,
                                 std::optional<storage::MetaProperties> meta, Duration patience) {
    Findings findings;
    Running running;
    for (const ServerSetup::Listener& listener : setup.listeners)
        append(findings,
               co_await look_at_listener(environment, setup, listener, patience, running));
    if (running.is_running && meta && meta->cluster_id != running.cluster_id)
        findings.push_back({Severity::error, "cluster-id",
                            "the broker that runs is of cluster " + running.cluster_id +
                                ", the data in " + setup.metadata_directory + " of cluster " +
                                meta->cluster_id,
                            place_of(setup, {"log.dirs", "log.dir"}),
                            "write the directory that the running broker has, or another port"});
    for (const ServerSetup::Listener& listener : setup.listeners)
        findings.push_back(
            co_await look_at_advertised(environment, setup, listener, patience, running));
    co_return findings;
}

Task<Findings> examine_bootstrap(Environment& environment, std::vector<Address> bootstrap,
                                 Duration patience) {
    Findings findings;
    std::map<std::string, Address> clusters;  // where each was first met
    // By cluster and node: what it advertises, and who said so.
    std::map<std::pair<std::string, NodeId>, std::pair<Address, Address>> nodes;
    for (const Address& address : bootstrap) {
        const Dialed broker = co_await dial(environment, address, until(environment, patience));
        if (!broker) {
            const DialFailure& failure = broker.error();
            findings.push_back({Severity::error, "bootstrap", failure.text,
                                "-b, bootstrap.servers of the clients, or CAUCE_BOOTSTRAP",
                                failure.reason == Reason::refused
                                    ? "name an address at which a broker runs; cauce dev starts one"
                                    : "name an address at which a broker is reached from here"});
            continue;
        }
        findings.push_back({Severity::ok,
                            "bootstrap",
                            address.to_string() + " is a broker of cluster " + broker->cluster_id,
                            {},
                            {}});
        findings.push_back(look_at_versions(address, *broker));
        const auto [first, is_new] = clusters.emplace(broker->cluster_id, address);
        if (is_new && clusters.size() > 1)
            findings.push_back({Severity::error, "cluster-id",
                                address.to_string() + " is of cluster " + broker->cluster_id +
                                    ", " + clusters.begin()->second.to_string() + " of " +
                                    clusters.begin()->first,
                                "-b, bootstrap.servers of the clients, or CAUCE_BOOTSTRAP",
                                "name brokers of one cluster only"});
        for (const client::NodeInfo& node : broker->nodes) {
            const std::string place =
                "advertised.listeners in the configuration of " + node_text(node.id);
            const auto [known, is_first] = nodes.emplace(std::pair(broker->cluster_id, node.id),
                                                         std::pair(node.address, address));
            if (!is_first && known->second.first == node.address) continue;
            if (!is_first && known->second.second.host != address.host)
                findings.push_back({Severity::error, "node-id",
                                    node_text(node.id) + " is " + node.address.to_string() +
                                        " says " + address.to_string() + ", and " +
                                        known->second.first.to_string() + " says " +
                                        known->second.second.to_string(),
                                    "node.id in the configuration of one of the two",
                                    "node.id=N with a number that no other node of the cluster "
                                    "has"});
            const std::string subject = "clients that come to " + address.to_string() +
                                        " are sent to " + node.address.to_string();
            if (is_loopback(node.address.host) && !is_loopback(address.host)) {
                findings.push_back({Severity::error, "advertised-address",
                                    subject + ": each would come to its own machine", place,
                                    "write " + address.host + " in place of " + node.address.host});
                continue;
            }
            const Dialed there =
                co_await dial(environment, node.address, until(environment, patience));
            if (!there) {
                findings.push_back({Severity::error, "advertised-address",
                                    subject + ": " + there.error().text, place,
                                    change_of(there.error(), node.address)});
            } else if (there->cluster_id != broker->cluster_id) {
                findings.push_back(
                    {Severity::error, "advertised-address",
                     subject + ", a broker of another cluster (" + there->cluster_id + ")", place,
                     "write the broker's own address in place of " + node.address.to_string()});
            } else {
                findings.push_back(
                    {Severity::ok, "advertised-address", subject + ", which answers", {}, {}});
            }
        }
    }
    co_return findings;
}

}  // namespace cauce::cli
