// BrokerSessions: who has been heard from lately, and how far each broker has come in the metadata
// log. What the active controller knows without any record: it begins anew with every controller
// that becomes active.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "metadata/image.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace cauce::controller::state {

class BrokerSessions {
public:
    explicit BrokerSessions(Duration timeout) : timeout_(timeout) {}

    // Becoming active: every registered broker gets a full timeout to be heard from. The broker of
    // this very process has not registered yet; whatever is known of it is an earlier run, and
    // over.
    void begin(const metadata::Image& image, MonoTime now, std::optional<NodeId> own_broker);

    // A broker in the process of its controller lives and dies with it: it needs no heartbeats to
    // stay.
    void set_immortal(NodeId broker) { immortal_ = broker; }

    void registered(NodeId broker, std::int64_t epoch, MonoTime now);
    void heard_from(NodeId broker, std::int64_t metadata_offset, MonoTime now);
    void forget(NodeId broker) { sessions_.erase(broker.value); }

    bool is_valid(NodeId broker, std::int64_t epoch, MonoTime now) const;
    // Unfenced brokers whose time is over.
    std::vector<NodeId> expired(const metadata::Image& image, MonoTime now) const;
    // When the next one ends; never when none can.
    MonoTime next_expiry(const metadata::Image& image) const;

    // Controlled shutdown ends when every active broker has seen the leaders that took over, which
    // stand in the log up to this offset.
    void controlled_shutdown_at(NodeId broker, Offset offset);
    // True when all active brokers (the image's) have come as far as that.
    bool others_caught_up(const metadata::Image& image, NodeId leaving) const;

private:
    struct Session {
        std::int64_t epoch = -1;
        MonoTime last_contact;
        std::int64_t metadata_offset = -1;
        std::optional<Offset> shutdown_offset;
    };

    bool is_over(NodeId broker, const Session& session, MonoTime now) const;

    Duration timeout_;
    std::optional<NodeId> immortal_;
    std::map<std::int32_t, Session> sessions_;
};

}  // namespace cauce::controller::state
