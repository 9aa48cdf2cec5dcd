#include "server/api/create_topics.h"

#include "controller/host.h"
#include "server/topic_creation.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"

namespace cauce::server::api {

namespace {

using Reply = controller::Reply<wire::CreateTopicsResponse>;

struct Visit {
    ShardServices* shard;
    const wire::CreateTopicsRequest* request;
    MonoTime deadline;
    Task<Reply> operator()() { return shard->controller.create_topics(*request, deadline); }
};

}  // namespace

Task<Outcome> create_topics(RequestContext& context) {
    wire::CreateTopicsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    const MonoTime deadline =
        here.shards.clock().now() + milliseconds(std::max(request.timeout_ms, 0));
    Visit visit{here.peers[ShardServices::kControllerShard], &request, deadline};
    const Reply reply = co_await here.shards.on(ShardServices::kControllerShard, std::move(visit));
    // A client that goes on at once finds its topic here.
    for (const auto& topic : reply.response.topics) {
        if (topic.error_code == 0 && !request.validate_only)
            co_await await_topic(here, std::string(topic.name), true, deadline);
    }
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
