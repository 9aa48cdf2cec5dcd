// Registration: the broker's side of its membership. Registers this process with the controller,
// heartbeats, and tells when the controller has let it in (unfenced) and when it may stop.
//
// Talks to the controller through ControllerPort: the Host of the same node, or a connection.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "controller/host.h"
#include "metadata/broker.h"
#include "runtime/event.h"
#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::controller {

struct RegistrationOptions {
    NodeId node;
    std::string cluster_id;
    // Drawn anew by every process.
    Uuid incarnation;
    std::vector<metadata::Endpoint> endpoints;
    std::optional<std::string> rack;
    // Ids of the log directories that work.
    std::vector<Uuid> directories;
    // The newest broker epoch this broker stopped cleanly under; -1 when it did not (KIP-966).
    std::int64_t previous_broker_epoch = -1;
    milliseconds heartbeat_interval{2000};
    milliseconds initial_timeout{60'000};
};

class Registration {
public:
    Registration(RegistrationOptions options, runtime::Shards& shards, Host& host, Logger log);
    ~Registration();

    // Registers and asks to be let in; ends when this broker is unfenced in an image it has seen.
    // From then on it heartbeats by itself until stop().
    runtime::Task<Result<void>> start();
    // Leadership moves away (controlled shutdown), then the broker is fenced; ends when the
    // controller lets it go, or at the deadline.
    runtime::Task<void> stop(MonoTime deadline);

    // A log directory failed: the controller moves the leadership of what is in it. Ends when that
    // is committed, or when `stop` asks.
    runtime::Task<void> directory_failed(Uuid directory, runtime::Stop& stop);

    // -1 before start() has ended.
    std::int64_t broker_epoch() const;
    // The image the broker has applied: the controller unfences it only when it is caught up.
    void applied(const metadata::Image& image);

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace cauce::controller
