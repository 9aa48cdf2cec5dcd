#include "node/edge_reader.h"

#include <algorithm>
#include <cstdint>

namespace cauce::node {

EdgeReader::EdgeReader(const NodeFacts& facts) : facts_(facts) {
    for (const ShardFacts& shard : facts.shards) {
        // One that moves may be in the lists of both shards; both say the same.
        for (const live::Client& client : shard.clients)
            clients_.emplace(client.token, &client);
        for (const GroupFacts& group : shard.groups)
            groups_.emplace(group.id, &group);
    }
    for (const auto& [token, client] : clients_) {
        if (client->id.empty() || (client->group.empty() && !client->unclear_group)) continue;
        const auto [place, is_first] =
            groups_of_kin_.try_emplace({client->id, client->host}, client->group);
        if (!is_first && place->second != client->group) place->second = {};
    }
}

const live::Client* EdgeReader::client(live::ClientToken token) const {
    const auto found = clients_.find(token);
    return found == clients_.end() ? nullptr : found->second;
}

std::string_view EdgeReader::group(live::ClientToken token) const {
    const live::Client* known = client(token);
    if (known == nullptr || known->unclear_group) return {};
    if (!known->group.empty()) return known->group;
    const auto kin = groups_of_kin_.find({known->id, known->host});
    return kin == groups_of_kin_.end() ? std::string_view() : kin->second;
}

EdgePositions EdgeReader::positions(const PartitionFacts& partition, const live::Edge& edge) const {
    EdgePositions positions;
    if (edge.appended > Offset{0}) {
        positions.appended = edge.appended;
        positions.replicated = std::min(edge.appended, partition.high_watermark);
    }
    if (edge.fetched > Offset{0}) {
        positions.fetched = edge.fetched;
        positions.committed = committed(group(edge.client), partition);
    }
    return positions;
}

std::optional<Offset> EdgeReader::committed(std::string_view group,
                                            const PartitionFacts& partition) const {
    const auto found = groups_.find(group);
    if (group.empty() || found == groups_.end() || !facts_.image) return std::nullopt;
    const metadata::Topic* topic = facts_.image->topic(partition.topic);
    if (topic == nullptr) return std::nullopt;
    using Place = std::pair<std::string_view, std::int32_t>;
    const auto place_of = [](const CommittedFacts& each) {
        return Place(each.topic, each.partition);
    };
    const auto& all = found->second->committed;
    const Place wanted(topic->name(), partition.partition);
    const auto place = std::ranges::lower_bound(all, wanted, {}, place_of);
    if (place == all.end() || place_of(*place) != wanted) return std::nullopt;
    return place->committed;
}

}  // namespace cauce::node
