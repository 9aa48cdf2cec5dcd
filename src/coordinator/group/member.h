// A member of a classic group.
#pragma once

#include "base/bytes.h"
#include "base/time.h"
#include "coordinator/group/effects.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::coordinator::group {

struct Member {
    // Name of an assignment strategy and what the member tells its leader, most wanted first.
    using Protocols = std::vector<std::pair<std::string, Buffer>>;

    bool is_static() const { return group_instance_id.has_value(); }
    bool awaits_join() const { return join != ReplyId::none; }
    bool awaits_sync() const { return sync != ReplyId::none; }
    const Buffer* metadata(std::string_view protocol) const {
        for (const auto& [name, bytes] : protocols)
            if (name == protocol) return &bytes;
        return nullptr;
    }

    // Constant.
    std::string id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;

    // What it said last.
    std::int32_t rebalance_timeout_ms = 0;
    std::int32_t session_timeout_ms = 0;
    Protocols protocols;
    Buffer assignment;

    // Requests of its that wait.
    ReplyId join = ReplyId::none;
    ReplyId sync = ReplyId::none;
    // Its first JoinGroup has not been answered: it may time out although it waits for us.
    bool is_new = false;
    // It has not yet collected its assignment of this generation.
    bool owes_sync = false;
    // When it counts as gone, unless it waits for us then.
    MonoTime deadline = MonoTime::never();
};

}  // namespace cauce::coordinator::group
