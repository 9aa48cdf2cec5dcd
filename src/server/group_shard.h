// Where a group lives: the shard that leads its partition of `__consumer_offsets`, and how an API
// asks it.
#pragma once

#include "coordinator/host.h"
#include "coordinator/responses.h"
#include "server/request_context.h"

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace cauce::server {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

// Nothing while the topic of committed offsets does not exist (FindCoordinator makes it).
std::optional<unsigned> group_shard(const ShardServices& here, std::string_view group_id);

// Who asks, as coordinators want to know it. Views of the context and of `client_host`.
coordinator::RequestInfo request_info(const RequestContext& context, std::string_view client_host);
// As Kafka shows it: "/127.0.0.1".
std::string client_host(const RequestContext& context);

// Calls one of coordinator::Host's functions where the group lives. The request stays with the
// caller.
template <typename Request, typename Reply>
class GroupVisit {
public:
    using Method = Task<Reply> (coordinator::Host::*)(const Request&, coordinator::RequestInfo);

    GroupVisit(coordinator::Host& host, Method method, const Request& request,
               coordinator::RequestInfo info)
        : host_(&host), method_(method), request_(&request), info_(info) {}
    Task<Reply> operator()() { return (host_->*method_)(*request_, info_); }

private:
    coordinator::Host* host_;
    Method method_;
    const Request* request_;
    coordinator::RequestInfo info_;
};

// The reply of the group's coordinator; COORDINATOR_NOT_AVAILABLE (as `make_error` makes it) when
// there is none.
template <typename Request, typename Reply, typename MakeError>
Task<Reply> ask_group(RequestContext& context, const Request& request,
                      typename GroupVisit<Request, Reply>::Method method, MakeError make_error) {
    const auto shard = group_shard(context.shard, request.group_id);
    if (!shard) co_return make_error(ErrorCode::coordinator_not_available);
    const std::string host = client_host(context);
    GroupVisit<Request, Reply> visit(context.shard.peers[*shard]->groups, method, request,
                                     request_info(context, host));
    co_return co_await context.shard.shards.on(*shard, std::move(visit));
}

// The whole of an API that is one question to one group, whose reply has an `error` of its own.
template <typename Request, typename Reply>
Task<Outcome> serve_group_api(RequestContext& context,
                              typename GroupVisit<Request, Reply>::Method method) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    const auto make_error = [](ErrorCode error) {
        Reply reply;
        reply.error = error;
        return reply;
    };
    const Reply reply = co_await ask_group<Request, Reply>(context, request, method, make_error);
    // An administrator makes others leave.
    if (!std::is_same_v<Request, wire::LeaveGroupRequest> && reply.error == ErrorCode::none)
        context.client.speaks_for(request.group_id);
    co_return context.reply(coordinator::to_response(reply, context.version()));
}

}  // namespace cauce::server
