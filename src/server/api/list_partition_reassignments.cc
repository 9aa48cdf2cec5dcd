#include "server/api/list_partition_reassignments.h"

#include "metadata/image.h"
#include "wire/messages/list_partition_reassignments_request.h"
#include "wire/messages/list_partition_reassignments_response.h"

#include <cstdint>
#include <vector>

namespace cauce::server::api {

namespace {

using Moves = wire::ListPartitionReassignmentsResponse;

std::vector<std::int32_t> numbers(const metadata::ReplicaList& list) {
    std::vector<std::int32_t> out;
    for (NodeId id : list)
        out.push_back(id.value);
    return out;
}

// Adds nothing for a topic that stays where it is.
class Listing {
public:
    Listing(Moves& response, const metadata::Topic& topic) : response_(response), topic_(topic) {}

    void add(std::int32_t index) {
        const metadata::Partition* partition = topic_.find(index);
        if (partition == nullptr || (partition->adding.empty() && partition->removing.empty()))
            return;
        if (!listed_) response_.topics.emplace_back().name = topic_.name();
        listed_ = true;
        auto& move = response_.topics.back().partitions.emplace_back();
        move.partition_index = index;
        move.replicas = numbers(partition->replicas);
        move.adding_replicas = numbers(partition->adding);
        move.removing_replicas = numbers(partition->removing);
    }

private:
    Moves& response_;
    const metadata::Topic& topic_;
    bool listed_ = false;
};

}  // namespace

Task<Outcome> list_partition_reassignments(RequestContext& context) {
    wire::ListPartitionReassignmentsRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    const auto image = context.shard.image;
    Moves response;
    response.error_message.reset();
    if (request.topics) {
        for (const auto& wanted : *request.topics) {
            const metadata::Topic* topic = image->topic(wanted.name);
            if (topic == nullptr) continue;
            Listing listing(response, *topic);
            for (std::int32_t index : wanted.partition_indexes)
                listing.add(index);
        }
    } else {
        for (const auto& topic : image->topics()) {
            Listing listing(response, *topic);
            for (std::int32_t index = 0; index < topic->partition_count(); ++index)
                listing.add(index);
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
