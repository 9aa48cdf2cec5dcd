// The settings of a running broker.
#pragma once

#include "cli/problem.h"
#include "cli/session.h"
#include "cli/value.h"
#include "client/admin.h"
#include "runtime/task.h"

#include <cstdint>
#include <vector>

namespace cauce::cli {

struct BrokerConfigs {
    NodeId broker;
    std::vector<client::ConfigEntry> entries;  // by name
};

// Of broker `id`; of any one when it is -1.
runtime::Task<Expected<BrokerConfigs>> broker_configs(Session& session, std::int32_t id);

// "[hidden]" where the broker keeps the value to itself.
Value shown_value(const client::ConfigEntry& entry);

}  // namespace cauce::cli
