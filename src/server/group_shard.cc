#include "server/group_shard.h"

#include "coordinator/group/partition_for.h"
#include "metadata/image.h"
#include "replica/partition_table.h"

namespace cauce::server {

std::optional<unsigned> group_shard(const ShardServices& here, std::string_view group_id) {
    const metadata::Topic* topic = here.image->topic(kOffsetsTopic);
    if (topic == nullptr || topic->partition_count() == 0) return std::nullopt;
    const std::int32_t partition =
        coordinator::group::partition_for(group_id, topic->partition_count());
    return replica::shard_of(topic->id(), partition, here.shards.count());
}

coordinator::RequestInfo request_info(const RequestContext& context, std::string_view client_host) {
    return {context.client_id(), client_host, context.version()};
}

std::string client_host(const RequestContext& context) {
    return "/" + context.client.host;
}

}  // namespace cauce::server
