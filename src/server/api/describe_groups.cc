#include "server/api/describe_groups.h"

#include "coordinator/responses.h"
#include "server/api/authorized_operations.h"
#include "server/group_shard.h"
#include "wire/messages/describe_groups_request.h"
#include "wire/messages/describe_groups_response.h"

#include <vector>

namespace cauce::server::api {

namespace {

struct Visit {
    coordinator::Host* host;
    std::string_view group_id;
    coordinator::RequestInfo info;
    Task<coordinator::DescribedGroup> operator()() { return host->describe_group(group_id, info); }
};

Task<coordinator::DescribedGroup> describe_one(RequestContext& context, std::string_view group_id) {
    const auto shard = group_shard(context.shard, group_id);
    if (!shard) {
        coordinator::DescribedGroup missing;
        missing.group_id = group_id;
        missing.error = ErrorCode::coordinator_not_available;
        co_return missing;
    }
    const std::string host = client_host(context);
    Visit visit{&context.shard.peers[*shard]->groups, group_id, request_info(context, host)};
    co_return co_await context.shard.shards.on(*shard, std::move(visit));
}

}  // namespace

Task<Outcome> describe_groups(RequestContext& context) {
    wire::DescribeGroupsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    std::vector<coordinator::DescribedGroup> groups;
    for (std::string_view group_id : request.groups)
        groups.push_back(co_await describe_one(context, group_id));
    wire::DescribeGroupsResponse response = coordinator::to_response(groups, context.version());
    if (request.include_authorized_operations) {
        for (auto& group : response.groups) {
            if (group.error_code == 0) group.authorized_operations = kGroupOperations;
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
