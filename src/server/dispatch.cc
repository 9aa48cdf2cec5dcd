#include "server/dispatch.h"

#include "server/api/alter_configs.h"
#include "server/api/alter_partition_reassignments.h"
#include "server/api/api_versions.h"
#include "server/api/create_partitions.h"
#include "server/api/create_topics.h"
#include "server/api/delete_groups.h"
#include "server/api/delete_records.h"
#include "server/api/delete_topics.h"
#include "server/api/describe_cluster.h"
#include "server/api/describe_configs.h"
#include "server/api/describe_groups.h"
#include "server/api/describe_log_dirs.h"
#include "server/api/describe_producers.h"
#include "server/api/describe_quorum.h"
#include "server/api/describe_topic_partitions.h"
#include "server/api/elect_leaders.h"
#include "server/api/fetch.h"
#include "server/api/find_coordinator.h"
#include "server/api/heartbeat.h"
#include "server/api/incremental_alter_configs.h"
#include "server/api/init_producer_id.h"
#include "server/api/join_group.h"
#include "server/api/leave_group.h"
#include "server/api/list_config_resources.h"
#include "server/api/list_groups.h"
#include "server/api/list_offsets.h"
#include "server/api/list_partition_reassignments.h"
#include "server/api/metadata.h"
#include "server/api/offset_commit.h"
#include "server/api/offset_delete.h"
#include "server/api/offset_fetch.h"
#include "server/api/offset_for_leader_epoch.h"
#include "server/api/produce.h"
#include "server/api/sync_group.h"
#include "server/api/update_features.h"

#include <algorithm>
#include <array>

namespace cauce::server {

namespace {

using wire::ApiKey;

// The version ranges are those of an Apache Kafka 4.4 broker listener. The lowest accepted version
// is the schema's own.
// clang-format off
constexpr std::array kServed{
    //  key                          advertised  served by
    Api{ApiKey::produce,             0, 13, api::produce},
    Api{ApiKey::fetch,               4, 18, api::fetch},
    Api{ApiKey::list_offsets,        1, 11, api::list_offsets},
    Api{ApiKey::metadata,            0, 13, api::metadata},
    Api{ApiKey::offset_commit,       2, 10, api::offset_commit},
    Api{ApiKey::offset_fetch,        1, 10, api::offset_fetch},
    Api{ApiKey::find_coordinator,    0,  6, api::find_coordinator},
    Api{ApiKey::join_group,          0,  9, api::join_group},
    Api{ApiKey::heartbeat,           0,  4, api::heartbeat},
    Api{ApiKey::leave_group,         0,  5, api::leave_group},
    Api{ApiKey::sync_group,          0,  5, api::sync_group},
    Api{ApiKey::describe_groups,     0,  6, api::describe_groups},
    Api{ApiKey::list_groups,         0,  5, api::list_groups},
    Api{ApiKey::api_versions,        0,  5, api::api_versions},
    Api{ApiKey::create_topics,       2,  7, api::create_topics},
    Api{ApiKey::delete_topics,       1,  6, api::delete_topics},
    Api{ApiKey::delete_records,      0,  2, api::delete_records},
    Api{ApiKey::init_producer_id,    0,  5, api::init_producer_id},
    Api{ApiKey::offset_for_leader_epoch, 2, 4, api::offset_for_leader_epoch},
    Api{ApiKey::describe_configs,    1,  4, api::describe_configs},
    Api{ApiKey::alter_configs,       0,  2, api::alter_configs},
    Api{ApiKey::describe_log_dirs,   1,  5, api::describe_log_dirs},
    Api{ApiKey::create_partitions,   0,  3, api::create_partitions},
    Api{ApiKey::delete_groups,       0,  3, api::delete_groups},
    Api{ApiKey::elect_leaders,       0,  2, api::elect_leaders},
    Api{ApiKey::alter_partition_reassignments, 0, 1, api::alter_partition_reassignments},
    Api{ApiKey::list_partition_reassignments,  0, 0, api::list_partition_reassignments},
    Api{ApiKey::incremental_alter_configs, 0, 1, api::incremental_alter_configs},
    Api{ApiKey::offset_delete,       0,  0, api::offset_delete},
    Api{ApiKey::describe_quorum,     0,  2, api::describe_quorum},
    Api{ApiKey::update_features,     0,  2, api::update_features},
    Api{ApiKey::describe_cluster,    0,  2, api::describe_cluster},
    Api{ApiKey::describe_producers,  0,  0, api::describe_producers},
    Api{ApiKey::list_config_resources, 0, 1, api::list_config_resources},
    Api{ApiKey::describe_topic_partitions, 0, 0, api::describe_topic_partitions},
};
// clang-format on

const Api* find_served(std::int16_t key) {
    const auto found = std::ranges::find(kServed, static_cast<ApiKey>(key), &Api::key);
    return found == kServed.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Api> served_apis() {
    return kServed;
}

Task<Outcome> dispatch(RequestContext& context) {
    if (!context.read_header()) co_return Outcome::close;
    live::Client& client = context.client;
    if (client.id.empty()) client.id = live::Client::kept(context.client_id());
    const Api* api = find_served(context.api_key());
    if (api == nullptr) {
        context.shard.log.warn("closing the connection of " + context.client.host + ": API key " +
                               std::to_string(context.api_key()) + " is not served");
        co_return Outcome::close;
    }
    if (!context.version_supported()) {
        if (api->key == ApiKey::api_versions) co_return api::unsupported_api_versions(context);
        context.shard.log.warn("closing the connection of " + context.client.host + ": version " +
                               std::to_string(context.version()) + " of API key " +
                               std::to_string(context.api_key()) + " is not served");
        co_return Outcome::close;
    }
    const Outcome outcome = co_await api->serve(context);
    if (outcome == Outcome::close) {
        context.shard.log.warn("closing the connection of " + context.client.host +
                               ": malformed request, API key " + std::to_string(context.api_key()) +
                               " version " + std::to_string(context.version()));
    }
    co_return outcome;
}

bool may_overlap(BytesView frame) {
    return frame.size() >= 2 && load_big_endian<std::int16_t>(frame.data()) ==
                                    static_cast<std::int16_t>(ApiKey::produce);
}

}  // namespace cauce::server
