#include "controller/registration.h"

#include "base/check.h"
#include "controller/state/activation.h"
#include "wire/messages/broker_heartbeat_request.h"
#include "wire/messages/broker_heartbeat_response.h"
#include "wire/messages/broker_registration_request.h"
#include "wire/messages/broker_registration_response.h"

#include <algorithm>
#include <utility>

namespace cauce::controller {

using runtime::Task;

class Registration::State {
public:
    State(RegistrationOptions options, runtime::Shards& shards, Host& host, Logger log)
        : options_(std::move(options)), shards_(shards), host_(host), log_(std::move(log)) {}

    Task<Result<void>> start() {
        const MonoTime deadline = shards_.clock().now() + options_.initial_timeout;
        CO_RETURN_IF_ERROR(co_await register_broker(deadline));
        // Let in once everything up to the registration has been applied here, and done when the
        // log says so and that has been applied too.
        while (true) {
            if (!co_await applied_up_to(epoch_, deadline)) co_return too_late("catching up");
            const auto reply = co_await beat(false, deadline);
            const ErrorCode code = error_code_from_wire(reply.response.error_code);
            if (code != ErrorCode::none)
                co_return fail(code, "the controller refused a heartbeat: " + reply.refused);
            if (!reply.response.is_fenced) break;
            if (!co_await pause(deadline)) co_return too_late("being unfenced");
        }
        while (fenced_) {
            if (!co_await applied_something_.wait_until(shards_.timers(), deadline))
                co_return too_late("applying that it is unfenced");
        }
        log_.info("unfenced with epoch " + std::to_string(epoch_));
        co_return Result<void>{};
    }

    Task<void> stop(MonoTime deadline) {
        if (epoch_ < 0) co_return;
        while (true) {
            const auto reply = co_await beat(true, deadline);
            if (reply.response.error_code != 0) {
                log_.warn("the controller refused the controlled shutdown: " + reply.refused);
                co_return;
            }
            if (reply.response.should_shut_down) co_return;
            // The first answer starts the shutdown; alone, the second one ends it.
            const bool first = !std::exchange(leaving_, true);
            if (first) continue;
            if (shards_.clock().now() >= deadline || !co_await pause(deadline)) {
                log_.warn("leadership has not moved away in time; stopping all the same");
                co_return;
            }
        }
    }

    Task<void> directory_failed(Uuid directory, runtime::Stop& stop) {
        offline_.push_back(directory);
        while (!stop.requested()) {
            const MonoTime next = shards_.clock().now() + Duration(options_.heartbeat_interval);
            // A heartbeat that unfences says nothing of directories: the one behind it does.
            if (!fenced_) {
                const auto reply = co_await beat(leaving_, next);
                if (reply.response.error_code == 0) co_return;
                log_.warn("the controller was not told of a failed log directory: " +
                          reply.refused);
            }
            if (!co_await shards_.sleep_until(next, stop)) co_return;
        }
    }

    std::int64_t broker_epoch() const { return epoch_; }

    void applied(const metadata::Image& image) {
        applied_ = image.position().offset.value;
        const metadata::Broker* self = image.broker(options_.node);
        fenced_ = self == nullptr || self->epoch != epoch_ || self->fenced;
        applied_something_.notify_all();
    }

private:
    Task<Result<void>> register_broker(MonoTime deadline) {
        wire::BrokerRegistrationRequest request;
        request.broker_id = options_.node.value;
        request.cluster_id = options_.cluster_id;
        request.incarnation_id = options_.incarnation;
        for (const metadata::Endpoint& endpoint : options_.endpoints) {
            auto& to = request.listeners.emplace_back();
            to.name = endpoint.listener;
            to.host = endpoint.host;
            to.port = endpoint.port;
            to.security_protocol = endpoint.security_protocol;
        }
        const auto features = state::offered_features(*host_.image());
        for (const metadata::FeatureRange& feature : features) {
            auto& to = request.features.emplace_back();
            to.name = feature.name;
            to.min_supported_version = feature.min;
            to.max_supported_version = feature.max;
        }
        request.rack.reset();
        if (options_.rack) request.rack = *options_.rack;
        request.log_dirs = options_.directories;
        request.previous_broker_epoch = options_.previous_broker_epoch;
        while (true) {
            const auto reply = co_await host_.register_broker(request, deadline);
            const ErrorCode code = error_code_from_wire(reply.response.error_code);
            if (code == ErrorCode::none) {
                epoch_ = reply.response.broker_epoch;
                co_return Result<void>{};
            }
            // Another process under this id has to time out first; another controller may lead.
            const bool may_pass = code == ErrorCode::duplicate_broker_registration ||
                                  code == ErrorCode::not_controller;
            if (!may_pass || !co_await pause(deadline))
                co_return fail(code,
                               "the controller refused to register this broker: " + reply.refused);
        }
    }

    Task<Reply<wire::BrokerHeartbeatResponse>> beat(bool want_shut_down, MonoTime deadline) {
        wire::BrokerHeartbeatRequest request;
        request.broker_id = options_.node.value;
        request.broker_epoch = epoch_;
        request.current_metadata_offset = applied_;
        request.want_shut_down = want_shut_down;
        request.offline_log_dirs = offline_;
        co_return co_await host_.heartbeat(request, deadline);
    }

    // False when the deadline came first.
    Task<bool> applied_up_to(std::int64_t offset, MonoTime deadline) {
        while (applied_ < offset) {
            if (!co_await applied_something_.wait_until(shards_.timers(), deadline))
                co_return false;
        }
        co_return true;
    }

    Task<bool> pause(MonoTime deadline) {
        const MonoTime until =
            std::min(deadline, shards_.clock().now() + Duration(options_.heartbeat_interval));
        co_await shards_.sleep_until(until);
        co_return shards_.clock().now() < deadline;
    }

    std::unexpected<Error> too_late(std::string what) const {
        return fail(ErrorCode::request_timed_out,
                    "this broker was not let in within " +
                        std::to_string(options_.initial_timeout.count()) + " ms: it was still " +
                        std::move(what));
    }

    const RegistrationOptions options_;
    runtime::Shards& shards_;
    Host& host_;
    const Logger log_;

    std::int64_t epoch_ = -1;
    std::int64_t applied_ = -1;
    bool fenced_ = true;
    std::vector<Uuid> offline_;  // log directories that failed since the registration
    bool leaving_ = false;
    runtime::WaitList applied_something_;
};

Registration::Registration(RegistrationOptions options, runtime::Shards& shards, Host& host,
                           Logger log)
    : state_(std::make_unique<State>(std::move(options), shards, host, std::move(log))) {}
Registration::~Registration() = default;

Task<Result<void>> Registration::start() {
    return state_->start();
}
Task<void> Registration::stop(MonoTime deadline) {
    return state_->stop(deadline);
}
Task<void> Registration::directory_failed(Uuid directory, runtime::Stop& stop) {
    return state_->directory_failed(directory, stop);
}
std::int64_t Registration::broker_epoch() const {
    return state_->broker_epoch();
}
void Registration::applied(const metadata::Image& image) {
    state_->applied(image);
}

}  // namespace cauce::controller
