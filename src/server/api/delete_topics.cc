#include "server/api/delete_topics.h"

#include "server/controller_call.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"

namespace cauce::server::api {

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
    const auto reply = co_await ask_controller(here, &controller::Host::delete_topics, request,
                                               deadline_in(here, request.timeout_ms));
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
