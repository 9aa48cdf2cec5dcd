#include "server/api/describe_quorum.h"

#include "server/controller_call.h"
#include "wire/messages/describe_quorum_request.h"
#include "wire/messages/describe_quorum_response.h"

namespace cauce::server::api {

Task<Outcome> describe_quorum(RequestContext& context) {
    wire::DescribeQuorumRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    ShardServices& here = context.shard;
    auto reply = co_await ask_controller(here, &controller::Host::describe_quorum, request,
                                         default_deadline(here));
    if (context.version() < 2) {
        // Nodes and the directories of replicas came with KIP-853.
        reply.response.nodes.clear();
        for (auto& topic : reply.response.topics) {
            for (auto& partition : topic.partitions) {
                for (auto& voter : partition.current_voters)
                    voter.replica_directory_id = {};
            }
        }
    }
    co_return context.reply(reply.response);
}

}  // namespace cauce::server::api
