#include "server/api/delete_topics.h"

#include "controller/host.h"
#include "server/topic_creation.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"

namespace cauce::server::api {

namespace {

using Reply = controller::Reply<wire::DeleteTopicsResponse>;

struct Visit {
    ShardServices* shard;
    const wire::DeleteTopicsRequest* request;
    MonoTime deadline;
    Task<Reply> operator()() { return shard->controller.delete_topics(*request, deadline); }
};

}  // namespace

Task<Outcome> delete_topics(RequestContext& context) {
    wire::DeleteTopicsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    // Before version 6 topics stand in a list of their own.
    for (std::string_view name : request.topic_names) {
        wire::DeleteTopicsRequest::DeleteTopicState topic;
        topic.name = name;
        request.topics.push_back(topic);
    }
    request.topic_names.clear();
    ShardServices& here = context.shard;
    const MonoTime deadline =
        here.shards.clock().now() + milliseconds(std::max(request.timeout_ms, 0));
    Visit visit{here.peers[ShardServices::kControllerShard], &request, deadline};
    const Reply reply = co_await here.shards.on(ShardServices::kControllerShard, std::move(visit));
    for (const auto& topic : reply.response.responses) {
        if (topic.error_code == 0 && topic.name)
            co_await await_topic(here, std::string(*topic.name), false, deadline);
    }
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
