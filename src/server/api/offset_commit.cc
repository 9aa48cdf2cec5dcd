#include "server/api/offset_commit.h"

#include "coordinator/responses.h"
#include "metadata/image.h"
#include "server/group_shard.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_response.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::server::api {

namespace {

using Request = wire::OffsetCommitRequest;
using Reply = coordinator::OffsetCommitReply;

constexpr std::int16_t kFirstVersionWithIds = 10;

Reply::Topic refused(const Request::OffsetCommitRequestTopic& topic, ErrorCode error) {
    Reply::Topic out;
    out.name = topic.name;
    out.topic_id = topic.topic_id;
    for (const auto& partition : topic.partitions)
        out.partitions.push_back({partition.partition_index, error});
    return out;
}

Reply refuse_all(const Request& request, ErrorCode error) {
    Reply reply;
    for (const auto& topic : request.topics)
        reply.topics.push_back(refused(topic, error));
    return reply;
}

// Takes out of the request what does not exist, and says so in `reply`.
void take_out_unknown(const metadata::Image& image, Request& request, bool by_id, Reply& reply) {
    std::vector<Request::OffsetCommitRequestTopic> known;
    for (auto& topic : request.topics) {
        const metadata::Topic* found =
            by_id ? image.topic(topic.topic_id) : image.topic(topic.name);
        if (found == nullptr) {
            reply.topics.push_back(refused(topic, by_id ? ErrorCode::unknown_topic_id
                                                        : ErrorCode::unknown_topic_or_partition));
            continue;
        }
        // Positions are stored with the topic's id, whichever way it was named.
        topic.name = found->name();
        topic.topic_id = found->id();
        const auto is_missing = [&](const auto& partition) {
            return found->find(partition.partition_index) == nullptr;
        };
        Request::OffsetCommitRequestTopic missing = topic;
        std::erase_if(missing.partitions,
                      [&](const auto& partition) { return !is_missing(partition); });
        std::erase_if(topic.partitions, is_missing);
        if (!missing.partitions.empty())
            reply.topics.push_back(refused(missing, ErrorCode::unknown_topic_or_partition));
        if (!topic.partitions.empty()) known.push_back(std::move(topic));
    }
    request.topics = std::move(known);
}

// One entry a topic, whoever answered for its partitions.
void merge(Reply& into, Reply&& from) {
    if (into.topics.empty()) {
        into = std::move(from);
        return;
    }
    std::map<std::pair<TopicId, std::string>, std::size_t> places;
    for (std::size_t i = 0; i < into.topics.size(); ++i)
        places.emplace(std::pair(into.topics[i].topic_id, into.topics[i].name), i);
    for (auto& topic : from.topics) {
        const auto [place, is_new] =
            places.emplace(std::pair(topic.topic_id, topic.name), into.topics.size());
        if (is_new) {
            into.topics.push_back(std::move(topic));
        } else {
            auto& partitions = into.topics[place->second].partitions;
            partitions.insert(partitions.end(), topic.partitions.begin(), topic.partitions.end());
        }
    }
}

bool any_stored(const Reply& reply) {
    return std::ranges::any_of(reply.topics, [](const Reply::Topic& topic) {
        return std::ranges::any_of(topic.partitions, [](const Reply::Partition& partition) {
            return partition.error == ErrorCode::none;
        });
    });
}

}  // namespace

Task<Outcome> offset_commit(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    Reply reply;
    const auto image =
        context.shard.image;  // names it holds are in the request while the coordinator works
    take_out_unknown(*image, request, context.version() >= kFirstVersionWithIds, reply);
    if (!request.topics.empty()) {
        const auto make_error = [&request](ErrorCode error) { return refuse_all(request, error); };
        merge(reply, co_await ask_group<Request, Reply>(
                         context, request, &coordinator::Host::commit_offsets, make_error));
    }
    if (any_stored(reply)) context.client.speaks_for(request.group_id);
    co_return context.reply(coordinator::to_response(reply, context.version()));
}

}  // namespace cauce::server::api
