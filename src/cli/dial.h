// One broker by itself, at exactly one address: client::Cluster would go on to others.
#pragma once

#include "cli/environment.h"
#include "client/cluster.h"
#include "client/connection.h"

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

namespace cauce::cli {

// What a broker says of itself and of its cluster.
struct DialedBroker {
    std::string cluster_id;  // empty: it is too old to say
    NodeId controller;
    std::vector<client::NodeInfo> nodes;  // by what it advertises on the listener that was dialed
    std::map<std::int16_t, client::Connection::VersionRange> versions;

    const client::NodeInfo* node(NodeId id) const;
};

struct DialFailure {
    enum class Reason : std::uint8_t {
        unknown_name,  // no address of that name
        refused,       // nobody listens there
        silent,        // no answer in time, or no way there
        no_kafka,      // something answers, but not as a broker does
    };
    Reason reason = Reason::silent;
    std::string text;  // "connect kafka:9092: Connection refused"
};

using Dialed = std::expected<DialedBroker, DialFailure>;

runtime::Task<Dialed> dial(Environment& environment, runtime::Address address, MonoTime deadline);

// Where a program of this machine reaches what is bound there.
runtime::Address nearby(runtime::Address bind);
// localhost, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);
// Every interface: nothing, 0.0.0.0, ::.
bool is_wildcard(std::string_view host);

}  // namespace cauce::cli
