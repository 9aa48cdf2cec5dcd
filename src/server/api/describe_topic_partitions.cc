#include "server/api/describe_topic_partitions.h"

#include "controller/state/topic_name.h"
#include "server/api/authorized_operations.h"
#include "server/replica_view.h"

#include <algorithm>
#include <set>

namespace cauce::server::api {

namespace {

using Request = wire::DescribeTopicPartitionsRequest;
using Response = wire::DescribeTopicPartitionsResponse;

Response::DescribeTopicPartitionsResponsePartition describe(
    const cauce::metadata::Image& image, const cauce::metadata::Partition& partition,
    std::int32_t index, std::string_view listener) {
    Response::DescribeTopicPartitionsResponsePartition out;
    out.partition_index = index;
    out.leader_id = reachable_leader(image, partition, listener).value;
    out.leader_epoch = partition.leader_epoch.value;
    out.replica_nodes = node_numbers(partition.replicas);
    out.isr_nodes = node_numbers(partition.isr);
    out.eligible_leader_replicas = node_numbers(partition.elr);
    out.last_known_elr = node_numbers(partition.last_known_elr);
    out.offline_replicas = offline_replicas(image, partition, listener);
    return out;
}

// Filled topic by topic until no partition fits any more.
class Page {
public:
    Page(const cauce::metadata::Image& image, const Request& request, std::string_view listener,
         std::int32_t limit)
        : image_(image), cursor_(request.cursor), listener_(listener), room_(limit) {}

    // The next topic, known or not. False: the page is full, and says where the next one begins.
    bool add(std::string_view name, const cauce::metadata::Topic* topic) {
        if (room_ == 0) return end_at(name, 0);
        if (topic == nullptr) {
            add_unknown(name);
            return true;
        }
        const std::int32_t count = topic->partition_count();
        const bool is_first = cursor_ && cursor_->topic_name == name;
        const std::int32_t begin = is_first ? std::min(cursor_->partition_index, count) : 0;
        const std::int32_t end = begin + std::min(count - begin, room_);
        auto& out = response_.topics.emplace_back();
        out.name = topic->name();
        out.topic_id = topic->id();
        out.is_internal = cauce::metadata::is_internal_topic(topic->name());
        out.topic_authorized_operations = kTopicOperations;
        out.partitions.reserve(static_cast<std::size_t>(end - begin));
        for (std::int32_t i = begin; i < end; ++i)
            out.partitions.push_back(describe(image_, topic->partition(i), i, listener_));
        room_ -= end - begin;
        return end == count || end_at(topic->name(), end);
    }

    Response take() { return std::move(response_); }

private:
    void add_unknown(std::string_view name) {
        const auto named = controller::state::check_topic_name(name);
        auto& out = response_.topics.emplace_back();
        out.error_code =
            to_wire(named ? ErrorCode::unknown_topic_or_partition : named.error().code);
        out.name = name;
        out.is_internal = cauce::metadata::is_internal_topic(name);
        out.topic_authorized_operations = kTopicOperations;
    }

    bool end_at(std::string_view topic, std::int32_t partition) {
        response_.next_cursor.emplace();
        response_.next_cursor->topic_name = topic;
        response_.next_cursor->partition_index = partition;
        return false;
    }

    const cauce::metadata::Image& image_;
    const std::optional<Request::Cursor>& cursor_;
    const std::string_view listener_;
    std::int32_t room_;  // partitions that still fit
    Response response_;
};

// A cursor that stands nowhere. As in Kafka every topic that was asked for by name has the error.
Response refused(const Request& request) {
    Response response;
    for (const auto& topic : request.topics) {
        auto& out = response.topics.emplace_back();
        out.error_code = to_wire(ErrorCode::invalid_request);
        out.name = topic.name;
    }
    return response;
}

}  // namespace

Response topic_page(const cauce::metadata::Image& image, const Request& request,
                    std::string_view listener, std::int32_t limit) {
    const std::string_view from = request.cursor ? request.cursor->topic_name : "";
    Page page(image, request, listener, std::max(limit, 1));
    if (request.cursor && request.cursor->partition_index < 0) return refused(request);
    if (request.topics.empty()) {
        for (const auto& topic : image.topics()) {
            if (topic->name() < from) continue;
            if (!page.add(topic->name(), topic.get())) break;
        }
        return page.take();
    }
    std::set<std::string_view> names;
    for (const auto& topic : request.topics) {
        if (topic.name >= from) names.insert(topic.name);
    }
    if (request.cursor && !names.contains(from)) return refused(request);
    for (const std::string_view name : names) {
        if (!page.add(name, image.topic(name))) break;
    }
    return page.take();
}

Task<Outcome> describe_topic_partitions(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    const auto image = context.shard.image;
    const std::int32_t limit =
        std::min(context.shard.settings.described_partitions_max, request.response_partition_limit);
    co_return context.reply(topic_page(*image, request, context.listener.name, limit));
}

}  // namespace cauce::server::api
