#include "client/assignor.h"

#include "base/check.h"
#include "wire/messages/consumer_protocol_assignment.h"
#include "wire/messages/consumer_protocol_subscription.h"
#include "wire/record_frame.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace cauce::client {
namespace {

using Counts = std::map<std::string, std::int32_t>;
using Members = std::vector<Subscription>;

constexpr std::array<std::pair<std::string_view, Strategy>, 3> kNames{{
    {"range", Strategy::range},
    {"roundrobin", Strategy::round_robin},
    {"cooperative-sticky", Strategy::cooperative_sticky},
}};

bool subscribes(const Subscription& member, const std::string& topic) {
    return std::ranges::find(member.topics, topic) != member.topics.end();
}

// Static members first, by their instance id; then the others by member id.
bool comes_before(const Subscription& a, const Subscription& b) {
    if (a.instance_id && b.instance_id) return *a.instance_id < *b.instance_id;
    if (a.instance_id.has_value() != b.instance_id.has_value()) return a.instance_id.has_value();
    return a.member_id < b.member_id;
}

void assign_range(const Members& members, const Counts& counts, Assignment& assignment) {
    for (const auto& [topic, count] : counts) {
        std::vector<const Subscription*> readers;
        for (const Subscription& member : members)
            if (subscribes(member, topic)) readers.push_back(&member);
        if (readers.empty()) continue;
        const auto size = static_cast<std::int32_t>(readers.size());
        const std::int32_t each = count / size;
        const std::int32_t extra = count % size;  // the first ones get one more
        std::int32_t next = 0;
        for (std::int32_t i = 0; i < size; ++i) {
            const std::int32_t end = next + each + (i < extra ? 1 : 0);
            auto& list = assignment[readers[static_cast<std::size_t>(i)]->member_id];
            for (; next < end; ++next)
                list.push_back({topic, next});
        }
    }
}

void assign_round_robin(const Members& members, const Counts& counts, Assignment& assignment) {
    std::size_t turn = 0;
    for (const auto& [topic, count] : counts) {
        const bool read = std::ranges::any_of(
            members, [&](const Subscription& member) { return subscribes(member, topic); });
        if (!read) continue;
        for (std::int32_t partition = 0; partition < count; ++partition) {
            while (!subscribes(members[turn % members.size()], topic))
                ++turn;
            assignment[members[turn++ % members.size()].member_id].push_back({topic, partition});
        }
    }
}

// Who reads what now, as far as it still holds: the partition exists, its reader still wants it,
// and nobody claims it for a later generation. Two claims of one generation cancel each other.
std::map<TopicPartition, const Subscription*> current_owners(const Members& members,
                                                             const Counts& counts) {
    std::map<TopicPartition, const Subscription*> owners;
    std::map<TopicPartition, std::int32_t> generations;
    for (const Subscription& member : members) {
        for (const TopicPartition& tp : member.owned) {
            const auto count = counts.find(tp.topic);
            if (count == counts.end() || tp.partition < 0 || tp.partition >= count->second)
                continue;
            if (!subscribes(member, tp.topic)) continue;
            const auto known = generations.find(tp);
            if (known == generations.end() || member.generation > known->second) {
                owners[tp] = &member;
                generations[tp] = member.generation;
            } else if (member.generation == known->second && owners[tp] != &member) {
                owners[tp] = nullptr;
            }
        }
    }
    std::erase_if(owners, [](const auto& entry) { return entry.second == nullptr; });
    return owners;
}

void assign_sticky(const Members& members, const Counts& counts, Assignment& assignment) {
    const auto owners = current_owners(members, counts);
    std::map<std::string, std::set<TopicPartition>> held;
    for (const Subscription& member : members)
        held[member.member_id];
    const auto least = [&](const std::string& topic) -> std::string {
        const Subscription* best = nullptr;
        for (const Subscription& member : members)
            if (subscribes(member, topic) &&
                (!best || held[member.member_id].size() < held[best->member_id].size()))
                best = &member;
        return best ? best->member_id : std::string();
    };
    for (const auto& [tp, owner] : owners)
        held[owner->member_id].insert(tp);
    for (const auto& [topic, count] : counts) {
        for (std::int32_t partition = 0; partition < count; ++partition) {
            const TopicPartition tp{topic, partition};
            if (owners.contains(tp)) continue;
            const std::string member = least(topic);
            if (!member.empty()) held[member].insert(tp);
        }
    }
    // Moves a partition to whom has at least two fewer, until there is none: each move makes the
    // sum of squares smaller, so this ends.
    for (bool moved = true; moved;) {
        moved = false;
        for (auto& [member, partitions] : held) {
            for (const TopicPartition& tp : partitions) {
                const std::string taker = least(tp.topic);
                if (held[taker].size() + 1 >= partitions.size()) continue;
                held[taker].insert(tp);
                partitions.erase(tp);
                moved = true;
                break;  // The loop's iterator is gone.
            }
            if (moved) break;
        }
    }
    for (const auto& [member, partitions] : held) {
        for (const TopicPartition& tp : partitions) {
            // Who reads it now gives it up first, and joins again; then it is free to be given.
            const auto owner = owners.find(tp);
            const bool changes_hands = owner != owners.end() && owner->second->member_id != member;
            if (!changes_hands) assignment[member].push_back(tp);
        }
    }
}

template <typename Topics>
std::vector<TopicPartition> flatten(const Topics& topics) {
    std::vector<TopicPartition> partitions;
    for (const auto& topic : topics)
        for (const std::int32_t partition : topic.partitions)
            partitions.push_back({std::string(topic.topic), partition});
    std::ranges::sort(partitions);
    return partitions;
}

// `partitions` sorted; the texts stay theirs.
template <typename Topic>
std::vector<Topic> by_topic(const std::vector<TopicPartition>& partitions) {
    std::vector<Topic> topics;
    for (const TopicPartition& tp : partitions) {
        if (topics.empty() || topics.back().topic != tp.topic)
            topics.emplace_back().topic = tp.topic;
        topics.back().partitions.push_back(tp.partition);
    }
    return topics;
}

}  // namespace

std::string_view strategy_name(Strategy strategy) {
    for (const auto& [name, value] : kNames)
        if (value == strategy) return name;
    CHECK(false);
    return {};
}

std::optional<Strategy> strategy_from_name(std::string_view name) {
    for (const auto& [known, value] : kNames)
        if (known == name) return value;
    return std::nullopt;
}

Assignment assign(Strategy strategy, std::vector<Subscription> members,
                  const std::map<std::string, std::int32_t>& partition_counts) {
    std::ranges::sort(members, comes_before);
    Assignment assignment;
    for (const Subscription& member : members)
        assignment[member.member_id];
    switch (strategy) {
        case Strategy::range:
            assign_range(members, partition_counts, assignment);
            break;
        case Strategy::round_robin:
            assign_round_robin(members, partition_counts, assignment);
            break;
        case Strategy::cooperative_sticky:
            assign_sticky(members, partition_counts, assignment);
            break;
    }
    for (auto& [member, partitions] : assignment)
        std::ranges::sort(partitions);
    return assignment;
}

Buffer encode_subscription(const Subscription& subscription) {
    wire::ConsumerProtocolSubscription message;
    std::vector<std::string> topics = subscription.topics;
    std::ranges::sort(topics);
    for (const std::string& topic : topics)
        message.topics.emplace_back(topic);
    std::vector<TopicPartition> owned = subscription.owned;
    std::ranges::sort(owned);
    message.owned_partitions = by_topic<wire::ConsumerProtocolSubscription::TopicPartition>(owned);
    message.generation_id = subscription.generation;
    wire::Writer w;
    wire::write_versioned(w, message, wire::ConsumerProtocolSubscription::kMaxVersion);
    CHECK(w.ok(), w.error());
    return w.take();
}

Result<Subscription> decode_subscription(BytesView bytes) {
    wire::Reader r(bytes);
    const auto message = wire::read_versioned<wire::ConsumerProtocolSubscription>(r, true);
    if (!r.ok()) return fail(ErrorCode::invalid_request, r.error());
    Subscription subscription;
    for (const std::string_view topic : message.topics)
        subscription.topics.emplace_back(topic);
    subscription.owned = flatten(message.owned_partitions);
    subscription.generation = message.generation_id;
    return subscription;
}

Buffer encode_assignment(const std::vector<TopicPartition>& partitions) {
    wire::ConsumerProtocolAssignment message;
    std::vector<TopicPartition> sorted = partitions;
    std::ranges::sort(sorted);
    message.assigned_partitions =
        by_topic<wire::ConsumerProtocolAssignment::TopicPartition>(sorted);
    wire::Writer w;
    wire::write_versioned(w, message, wire::ConsumerProtocolAssignment::kMaxVersion);
    CHECK(w.ok(), w.error());
    return w.take();
}

Result<std::vector<TopicPartition>> decode_assignment(BytesView bytes) {
    if (bytes.empty()) return std::vector<TopicPartition>();
    wire::Reader r(bytes);
    const auto message = wire::read_versioned<wire::ConsumerProtocolAssignment>(r, true);
    if (!r.ok()) return fail(ErrorCode::invalid_request, r.error());
    return flatten(message.assigned_partitions);
}

}  // namespace cauce::client
