#include "server/api/offset_fetch.h"

#include "coordinator/responses.h"
#include "metadata/image.h"
#include "server/group_shard.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"

#include <vector>

namespace cauce::server::api {

namespace {

using Query = coordinator::OffsetFetchQuery;
using Reply = coordinator::OffsetFetchReply;

constexpr std::int16_t kFirstVersionWithIds = 10;

struct Visit {
    coordinator::Host* host;
    const Query* query;
    Task<Reply> operator()() { return host->fetch_offsets(*query); }
};

// Names of ids that are known; the others are answered here.
std::vector<Reply::Topic> resolve_ids(const metadata::Image& image, Query& query) {
    std::vector<Reply::Topic> unknown;
    if (!query.topics) return unknown;
    std::erase_if(*query.topics, [&](Query::Topic& topic) {
        if (const metadata::Topic* found = image.topic(topic.topic_id)) {
            topic.name = found->name();
            return false;
        }
        Reply::Topic& out = unknown.emplace_back();
        out.topic_id = topic.topic_id;
        for (std::int32_t partition : topic.partitions) {
            Reply::Partition& refused = out.partitions.emplace_back();
            refused.partition = partition;
            refused.error = ErrorCode::unknown_topic_id;
        }
        return true;
    });
    return unknown;
}

Task<Reply> fetch_one(RequestContext& context, Query query) {
    const auto image = context.shard.image;
    const bool by_id = context.version() >= kFirstVersionWithIds;
    std::vector<Reply::Topic> unknown;
    if (by_id) unknown = resolve_ids(*image, query);
    const auto shard = group_shard(context.shard, query.group_id);
    if (!shard) co_return coordinator::failed_fetch(query, ErrorCode::coordinator_not_available);
    Visit visit{&context.shard.peers[*shard]->groups, &query};
    Reply reply = co_await context.shard.shards.on(*shard, std::move(visit));
    if (by_id) {
        // All topics were asked for: a topic deleted meanwhile has no id to be told by.
        std::erase_if(reply.topics, [&](Reply::Topic& topic) {
            if (!topic.topic_id.is_zero()) return false;
            const metadata::Topic* found = image->topic(topic.name);
            if (found != nullptr) topic.topic_id = found->id();
            return found == nullptr;
        });
    }
    for (Reply::Topic& topic : unknown)
        reply.topics.push_back(std::move(topic));
    co_return reply;
}

}  // namespace

Task<Outcome> offset_fetch(RequestContext& context) {
    wire::OffsetFetchRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    std::vector<Reply> replies;
    for (Query& query : coordinator::offset_fetch_queries(request, context.version()))
        replies.push_back(co_await fetch_one(context, std::move(query)));
    co_return context.reply(coordinator::to_response(replies, context.version()));
}

}  // namespace cauce::server::api
