#include "server/fetch_session.h"

#include <algorithm>

namespace cauce::server {

FetchSession::Key FetchSession::key(const TopicPartition& partition, TopicId topic_id) const {
    if (uses_topic_ids_) return {{"", partition.partition}, topic_id};
    return {partition, TopicId{}};
}

void FetchSession::put(FetchItem item) {
    const Key place = key(item.partition, item.topic_id);
    const auto found = index_.find(place);
    if (found != index_.end()) {
        found->second->position = item.position;
        return;
    }
    items_.push_back(std::move(item));
    index_.emplace(place, std::prev(items_.end()));
}

void FetchSession::forget(const TopicPartition& partition, TopicId topic_id) {
    const auto found = index_.find(key(partition, topic_id));
    if (found == index_.end()) return;
    items_.erase(found->second);
    index_.erase(found);
}

std::shared_ptr<FetchSession> FetchSessions::create(std::int32_t id, bool uses_topic_ids,
                                                    MonoTime now) {
    if (slots_ == 0 || sessions_.contains(id)) return nullptr;
    if (sessions_.size() >= slots_) {
        const auto oldest = std::ranges::min_element(
            sessions_, {}, [](const auto& entry) { return entry.second->last_used; });
        if (now - oldest->second->last_used < kEvictableAfter) return nullptr;
        sessions_.erase(oldest);
    }
    auto session = std::make_shared<FetchSession>(id, uses_topic_ids);
    session->last_used = now;
    return sessions_.emplace(id, std::move(session)).first->second;
}

std::shared_ptr<FetchSession> FetchSessions::find(std::int32_t id) {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second;
}

void FetchSessions::remove(std::int32_t id) {
    sessions_.erase(id);
}

}  // namespace cauce::server
