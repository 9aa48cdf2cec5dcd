#include "server/api/delete_groups.h"

#include "coordinator/responses.h"
#include "server/group_shard.h"
#include "wire/messages/delete_groups_request.h"
#include "wire/messages/delete_groups_response.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::server::api {

namespace {

using Replies = std::vector<coordinator::DeleteGroupReply>;

// What one shard is asked for: groups, and where their answers go.
struct Asked {
    std::vector<std::string_view> group_ids;  // views of the request
    std::vector<std::size_t> places;
};

struct Visit {
    coordinator::Host* host;
    std::vector<std::string_view> group_ids;
    Task<Replies> operator()() { return host->delete_groups(std::move(group_ids)); }
};

}  // namespace

Task<Outcome> delete_groups(RequestContext& context) {
    wire::DeleteGroupsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    // An answer for each group named, once, in their order; those of a shard are asked together.
    Replies replies;
    std::map<unsigned, Asked> shards;
    std::set<std::string_view> seen;
    for (const std::string_view group_id : request.groups_names) {
        if (!seen.insert(group_id).second) continue;
        const auto shard = group_shard(context.shard, group_id);
        auto& reply = replies.emplace_back();
        reply.group_id = group_id;
        if (shard) {
            shards[*shard].group_ids.push_back(group_id);
            shards[*shard].places.push_back(replies.size() - 1);
        } else {
            reply.error = ErrorCode::coordinator_not_available;
        }
    }
    for (const auto& [shard, asked] : shards) {
        Visit visit{&context.shard.peers[shard]->groups, asked.group_ids};
        Replies answers = co_await context.shard.shards.on(shard, std::move(visit));
        for (std::size_t i = 0; i < answers.size(); ++i)
            replies[asked.places[i]] = std::move(answers[i]);
    }
    co_return context.reply(coordinator::to_response(replies, context.version()));
}

}  // namespace cauce::server::api
