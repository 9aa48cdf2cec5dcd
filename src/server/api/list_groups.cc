#include "server/api/list_groups.h"

#include "coordinator/responses.h"
#include "server/group_shard.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/list_groups_response.h"

#include <algorithm>
#include <iterator>

namespace cauce::server::api {

namespace {

using Reply = coordinator::ListGroupsReply;

struct Visit {
    coordinator::Host* host;
    const wire::ListGroupsRequest* request;
    Task<Reply> operator()() { return host->list_groups(*request); }
};

}  // namespace

Task<Outcome> list_groups(RequestContext& context) {
    wire::ListGroupsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    Reply all;
    for (unsigned shard = 0; shard < context.shard.shards.count(); ++shard) {
        Visit visit{&context.shard.peers[shard]->groups, &request};
        Reply reply = co_await context.shard.shards.on(shard, std::move(visit));
        if (reply.error != ErrorCode::none) {
            all = std::move(reply);
            all.groups.clear();
            break;
        }
        std::ranges::move(reply.groups, std::back_inserter(all.groups));
    }
    std::ranges::sort(all.groups, {}, &Reply::Group::group_id);
    co_return context.reply(coordinator::to_response(all, context.version()));
}

}  // namespace cauce::server::api
