#include "node/edge_reader.h"

#include "base/contains.h"

#include <algorithm>
#include <cstdint>
#include <string>

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
        Kin& kin = kin_[{client->id, client->host}];
        kin.unclear |= client->unclear_group;
        if (!client->unclear_group && !contains(kin.groups, client->group))
            kin.groups.push_back(client->group);
    }
}

const live::Client* EdgeReader::client(live::ClientToken token) const {
    const auto found = clients_.find(token);
    return found == clients_.end() ? nullptr : found->second;
}

std::string_view EdgeReader::group(const PartitionFacts& partition, live::ClientToken token) const {
    const live::Client* known = client(token);
    if (known == nullptr || known->unclear_group) return {};
    if (!known->group.empty()) return known->group;
    const auto kin = kin_.find({known->id, known->host});
    if (kin == kin_.end() || kin->second.unclear) return {};
    const std::vector<std::string_view>& groups = kin->second.groups;
    if (groups.size() == 1) return groups.front();
    std::string_view found;
    for (const std::string_view each : groups) {
        const std::optional<bool> is_read = reads(each, *known, partition);
        // Rather nothing than what may be wrong.
        if (!is_read || (*is_read && !found.empty())) return {};
        if (*is_read) found = each;
    }
    return found;
}

EdgePositions EdgeReader::positions(const PartitionFacts& partition, const live::Edge& edge) const {
    EdgePositions positions;
    if (edge.appended > Offset{0}) {
        positions.appended = edge.appended;
        positions.replicated = std::min(edge.appended, partition.high_watermark);
    }
    if (edge.fetched > Offset{0}) {
        positions.fetched = edge.fetched;
        positions.committed = committed(group(partition, edge.client), partition);
    }
    return positions;
}

std::string_view EdgeReader::topic_name(const PartitionFacts& partition) const {
    const metadata::Topic* topic = facts_.image ? facts_.image->topic(partition.topic) : nullptr;
    return topic == nullptr ? std::string_view() : topic->name();
}

std::optional<bool> EdgeReader::reads(std::string_view group, const live::Client& client,
                                      const PartitionFacts& partition) const {
    const auto found = groups_.find(group);
    const std::string_view topic = topic_name(partition);
    // Who commits without being a member may read anything.
    if (found == groups_.end() || found->second->readers.empty() || topic.empty())
        return std::nullopt;
    const TopicPartition wanted{std::string(topic), partition.partition};
    bool given = false;
    for (const MemberFacts& reader : found->second->readers) {
        if (reader.client_id != client.id || reader.host != client.host) continue;
        if (!reader.assigned) return std::nullopt;
        given |= std::ranges::binary_search(*reader.assigned, wanted);
    }
    return given;
}

std::optional<Offset> EdgeReader::committed(std::string_view group,
                                            const PartitionFacts& partition) const {
    const auto found = groups_.find(group);
    const std::string_view topic = topic_name(partition);
    if (group.empty() || found == groups_.end() || topic.empty()) return std::nullopt;
    using Place = std::pair<std::string_view, std::int32_t>;
    const auto place_of = [](const CommittedFacts& each) {
        return Place(each.topic, each.partition);
    };
    const auto& all = found->second->committed;
    const Place wanted(topic, partition.partition);
    const auto place = std::ranges::lower_bound(all, wanted, {}, place_of);
    if (place == all.end() || place_of(*place) != wanted) return std::nullopt;
    return place->committed;
}

}  // namespace cauce::node
