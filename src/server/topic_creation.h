// Making topics that somebody asked for by name: Metadata's auto-creation, and the topic of
// committed offsets.
#pragma once

#include "server/shard_services.h"
#include "wire/messages/create_topics_response.h"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace cauce::server {

using CreationErrors = std::map<std::string, ErrorCode, std::less<>>;

// Asks the controller to make them with this broker's defaults (internal topics with theirs), and
// waits until this shard's image shows those that were made. What could not be made is in the
// result; "exists already" is no error. Why the topic of committed offsets could not be made is
// logged, once a reason.
Task<CreationErrors> create_missing_topics(ShardServices& shard, std::set<std::string> names);

// Why the topic of committed offsets could not be made, for the log; empty when it is there.
std::string offsets_topic_refusal(const wire::CreateTopicsResponse::CreatableTopicResult& topic);

}  // namespace cauce::server
