// A client that asks one thing after another. For tests.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/world.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace cauce::sim {

// Comes again over a new connection until it has its answer, in a version drawn among those that
// both sides know.
class Asker {
public:
    Asker(NodeSeams& seams, runtime::Address broker, Findings& findings)
        : seams_(seams), broker_(std::move(broker)), findings_(findings) {}

    template <typename Response, typename Request>
    runtime::Task<Answer<Response>> ask(const Request& request,
                                        std::int16_t version_max = Request::kMaxVersion) {
        while (true) {
            if (!client_) client_ = co_await BrokerClient::connect(seams_, broker_, findings_);
            if (client_) {
                const std::int16_t version =
                    client_->version<Request>(Request::kMinVersion, version_max);
                auto answer = co_await client_->ask<Response>(request, version);
                if (answer) co_return std::move(*answer);
            }
            client_.reset();
            const MonoTime later = seams_.shards.clock().now() + milliseconds(20);
            co_await seams_.shards.sleep_until(later);
        }
    }

private:
    NodeSeams& seams_;
    const runtime::Address broker_;
    Findings& findings_;
    std::unique_ptr<BrokerClient> client_;
};

}  // namespace cauce::sim
