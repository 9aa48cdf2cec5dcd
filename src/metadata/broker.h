// A broker as the cluster's metadata knows it. Immutable once it stands in an Image.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::metadata {

// Where a broker or controller can be reached under one listener name.
struct Endpoint {
    std::string listener;
    std::string host;
    std::uint16_t port = 0;
    // Kafka's number: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    std::int16_t security_protocol = 0;

    bool operator==(const Endpoint&) const = default;
};

// The levels of a feature a node can work at.
struct FeatureRange {
    std::string name;
    std::int16_t min = 0;
    std::int16_t max = 0;

    bool operator==(const FeatureRange&) const = default;
};

struct Broker {
    NodeId id;
    // The offset of the record that registered it; grows with each registration.
    std::int64_t epoch = -1;
    // Drawn by the process at its start: the same broker id under another one has restarted.
    Uuid incarnation;
    std::vector<Endpoint> endpoints;
    std::vector<FeatureRange> features;
    std::optional<std::string> rack;
    // A fenced broker leads nothing, is in no ISR and is not shown to clients.
    bool fenced = true;
    bool in_controlled_shutdown = false;
    // Log directories that work, by their ids.
    std::vector<Uuid> directories;
    // Directories that take no new replicas (KIP-1066); empty optional: not told yet.
    std::optional<std::vector<Uuid>> cordoned_directories;

    bool is_active() const { return !fenced && !in_controlled_shutdown; }
    // Null when it has no such listener.
    const Endpoint* endpoint(std::string_view listener) const;

    bool operator==(const Broker&) const = default;
};

// A controller that registered itself (KIP-919); clients find controllers by it.
struct Controller {
    NodeId id;
    Uuid incarnation;
    bool zk_migration_ready = false;
    std::vector<Endpoint> endpoints;
    std::vector<FeatureRange> features;

    bool operator==(const Controller&) const = default;
};

}  // namespace cauce::metadata
