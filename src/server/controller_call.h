// Requests that go through the controller: handed over on its shard, and answered when this shard
// knows what the controller knew then. A client that asks again at once finds what it has changed.
#pragma once

#include "controller/host.h"
#include "server/shard_services.h"

#include <utility>

namespace cauce::server {

// Ends when this shard's image has come as far as `offset`, or at the deadline.
Task<void> await_image(ShardServices& shard, Offset offset, MonoTime deadline);

template <typename Request, typename Response>
using ControllerCall = Task<controller::Reply<Response>> (controller::Host::*)(const Request&,
                                                                               MonoTime);

template <typename Request, typename Response>
struct ControllerVisit {
    struct Heard {
        controller::Reply<Response> reply;
        Offset known{-1};  // the controller's image, when it answered
    };

    controller::Host* host;
    ControllerCall<Request, Response> call;
    const Request* request;
    MonoTime deadline;

    Task<Heard> operator()() { return run(*host, call, *request, deadline); }
    static Task<Heard> run(controller::Host& there, ControllerCall<Request, Response> ask,
                           const Request& what, MonoTime until) {
        Heard heard;
        heard.reply = co_await (there.*ask)(what, until);
        if (const auto image = there.image()) heard.known = image->position().offset;
        co_return heard;
    }
};

// `call` is a member function of controller::Host.
template <typename Request, typename Response>
Task<controller::Reply<Response>> ask_controller(ShardServices& here,
                                                 ControllerCall<Request, Response> call,
                                                 const Request& request, MonoTime deadline) {
    ShardServices& there = *here.peers[ShardServices::kControllerShard];
    ControllerVisit<Request, Response> visit{&there.controller, call, &request, deadline};
    auto heard = co_await here.shards.on(ShardServices::kControllerShard, std::move(visit));
    co_await await_image(here, heard.known, deadline);
    co_return std::move(heard.reply);
}

// For requests that carry no deadline of their own.
MonoTime default_deadline(const ShardServices& shard);
MonoTime deadline_in(const ShardServices& shard, std::int32_t timeout_ms);

}  // namespace cauce::server
