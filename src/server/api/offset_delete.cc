#include "server/api/offset_delete.h"

#include "coordinator/responses.h"
#include "metadata/image.h"
#include "server/group_shard.h"
#include "wire/messages/offset_delete_request.h"
#include "wire/messages/offset_delete_response.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cauce::server::api {

namespace {

using Request = wire::OffsetDeleteRequest;
using Reply = coordinator::OffsetDeleteReply;

// Takes out of the request what does not exist, and says so in `reply`. Positions in deleted topics
// go by themselves.
void take_out_unknown(const metadata::Image& image, Request& request, Reply& reply) {
    for (auto& topic : request.topics) {
        const metadata::Topic* found = image.topic(topic.name);
        Reply::Topic refused;
        refused.name = topic.name;
        std::erase_if(topic.partitions, [&](const auto& partition) {
            if (found != nullptr && found->find(partition.partition_index) != nullptr) return false;
            refused.partitions.push_back(
                {partition.partition_index, ErrorCode::unknown_topic_or_partition});
            return true;
        });
        if (!refused.partitions.empty()) reply.topics.push_back(std::move(refused));
    }
    std::erase_if(request.topics, [](const auto& topic) { return topic.partitions.empty(); });
}

// One entry a topic, whoever answered for its partitions. An error of the whole stands alone.
Reply merged(Reply unknown, Reply answered) {
    if (answered.error != ErrorCode::none) return answered;
    for (Reply::Topic& topic : answered.topics) {
        const auto same = std::ranges::find(unknown.topics, topic.name, &Reply::Topic::name);
        if (same == unknown.topics.end()) {
            unknown.topics.push_back(std::move(topic));
        } else {
            same->partitions.insert(same->partitions.end(), topic.partitions.begin(),
                                    topic.partitions.end());
        }
    }
    return unknown;
}

}  // namespace

Task<Outcome> offset_delete(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    Reply unknown;
    take_out_unknown(*context.shard.image, request, unknown);
    const auto make_error = [](ErrorCode error) {
        Reply reply;
        reply.error = error;
        return reply;
    };
    // Asked even when no partition is left: whether the group exists is for its coordinator to say.
    Reply answered = co_await ask_group<Request, Reply>(
        context, request, &coordinator::Host::delete_offsets, make_error);
    const Reply reply = merged(std::move(unknown), std::move(answered));
    co_return context.reply(coordinator::to_response(reply, context.version()));
}

}  // namespace cauce::server::api
