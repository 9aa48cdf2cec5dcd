#include "coordinator/group/subscribed_topics.h"

#include "coordinator/group/classic_group.h"
#include "wire/messages/consumer_protocol_subscription.h"
#include "wire/reader.h"

#include <string_view>

namespace cauce::coordinator::group {

std::optional<TopicSet> subscribed_topics(const ClassicGroup& group) {
    if (group.protocol_type() != "consumer") return std::nullopt;
    TopicSet topics;
    for (const auto& [id, member] : group.members()) {
        const Buffer* metadata = member.metadata(group.protocol_name().value_or(""));
        if (metadata == nullptr) return std::nullopt;
        // Every version of the consumer protocol begins like version 0.
        wire::Reader reader(*metadata);
        reader.int16();
        wire::ConsumerProtocolSubscription subscription;
        if (reader.ok()) subscription.decode(reader, 0);
        if (!reader.ok()) return std::nullopt;
        for (const std::string_view topic : subscription.topics)
            topics.emplace(topic);
    }
    return topics;
}

}  // namespace cauce::coordinator::group
