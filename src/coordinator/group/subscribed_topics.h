// What the members of a group of consumers read, by their subscriptions in the protocol the group
// has agreed on.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

namespace cauce::coordinator::group {

class ClassicGroup;

using TopicSet = std::set<std::string, std::less<>>;

// Empty when nobody is in the group. Nothing when it cannot be known: the group is not of type
// "consumer", has not agreed on a protocol yet, or a subscription cannot be read.
std::optional<TopicSet> subscribed_topics(const ClassicGroup& group);

}  // namespace cauce::coordinator::group
