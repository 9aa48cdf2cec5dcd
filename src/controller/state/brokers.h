// Brokers come, go and change: registration, heartbeats, fencing, controlled shutdown, and what
// each of them means for the partitions a broker has replicas of.
#pragma once

#include "base/time.h"
#include "controller/state/broker_sessions.h"
#include "controller/state/context.h"

#include <string_view>

namespace cauce::wire {
struct BrokerHeartbeatRequest;
struct BrokerHeartbeatResponse;
struct BrokerRegistrationRequest;
struct BrokerRegistrationResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// stale_broker_epoch unless the broker is registered under this epoch.
Result<void> check_broker_epoch(const metadata::Image& image, NodeId broker, std::int64_t epoch);

// What registration needs to know beside the image.
struct RegistrationFacts {
    std::string_view cluster_id;
    // The offset the first record will take; it becomes the broker's epoch.
    Offset next_offset;
    MonoTime now;
};

// A new incarnation leaves every ISR first: what an earlier one had is asked for again. With
// previous_broker_epoch it says that nothing was lost (a clean stop, or all of it on the disk): it
// stays eligible then (KIP-966).
Outcome<wire::BrokerRegistrationResponse> register_broker(
    const Context& context, const BrokerSessions& sessions, const RegistrationFacts& facts,
    const wire::BrokerRegistrationRequest& request);

// The caller touches the session when the reply has no error.
Outcome<wire::BrokerHeartbeatResponse> heartbeat(const Context& context,
                                                 const BrokerSessions& sessions,
                                                 const wire::BrokerHeartbeatRequest& request);

// A broker whose session is over: out of every ISR, leader of nothing.
metadata::RecordList fence_broker(const Context& context, NodeId broker);

}  // namespace cauce::controller::state
