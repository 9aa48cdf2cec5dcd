#include "controller/state/broker_sessions.h"

#include <algorithm>

namespace cauce::controller::state {

void BrokerSessions::begin(const metadata::Image& image, MonoTime now,
                           std::optional<NodeId> own_broker) {
    sessions_.clear();
    for (const auto& broker : image.brokers()) {
        if (broker->id != own_broker) registered(broker->id, broker->epoch, now);
    }
}

void BrokerSessions::registered(NodeId broker, std::int64_t epoch, MonoTime now) {
    sessions_[broker.value] = {epoch, now, -1, std::nullopt};
}

void BrokerSessions::heard_from(NodeId broker, std::int64_t metadata_offset, MonoTime now) {
    const auto at = sessions_.find(broker.value);
    if (at == sessions_.end()) return;
    at->second.last_contact = now;
    at->second.metadata_offset = std::max(at->second.metadata_offset, metadata_offset);
}

bool BrokerSessions::is_over(NodeId broker, const Session& session, MonoTime now) const {
    return broker != immortal_ && now - session.last_contact > timeout_;
}

bool BrokerSessions::is_valid(NodeId broker, std::int64_t epoch, MonoTime now) const {
    const auto at = sessions_.find(broker.value);
    return at != sessions_.end() && at->second.epoch == epoch && !is_over(broker, at->second, now);
}

std::vector<NodeId> BrokerSessions::expired(const metadata::Image& image, MonoTime now) const {
    std::vector<NodeId> out;
    for (const auto& [id, session] : sessions_) {
        const metadata::Broker* broker = image.broker(NodeId{id});
        if (broker != nullptr && !broker->fenced && is_over(NodeId{id}, session, now))
            out.push_back(NodeId{id});
    }
    return out;
}

MonoTime BrokerSessions::next_expiry(const metadata::Image& image) const {
    MonoTime next = MonoTime::never();
    for (const auto& [id, session] : sessions_) {
        const metadata::Broker* broker = image.broker(NodeId{id});
        if (broker == nullptr || broker->fenced || NodeId{id} == immortal_) continue;
        // One tick beyond: a session is over when more than the timeout has passed.
        next = std::min(next, session.last_contact + timeout_ + Duration(1));
    }
    return next;
}

void BrokerSessions::controlled_shutdown_at(NodeId broker, Offset offset) {
    const auto at = sessions_.find(broker.value);
    if (at != sessions_.end()) at->second.shutdown_offset = offset;
}

bool BrokerSessions::others_caught_up(const metadata::Image& image, NodeId leaving) const {
    const auto own = sessions_.find(leaving.value);
    if (own == sessions_.end() || !own->second.shutdown_offset) return true;
    for (const auto& broker : image.brokers()) {
        if (broker->id == leaving || !broker->is_active()) continue;
        const auto at = sessions_.find(broker->id.value);
        const std::int64_t seen = at == sessions_.end() ? -1 : at->second.metadata_offset;
        if (seen < own->second.shutdown_offset->value) return false;
    }
    return true;
}

}  // namespace cauce::controller::state
