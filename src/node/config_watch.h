// ConfigWatch: what the cluster's settings mean for this running node. Follows each image: says
// what changed for this broker, lets the limits of connections follow, and names every key that was
// set and does nothing, once.
//
// What topics are configured by, and what they fall back to, reaches partitions without it
// (replica::PartitionTable). Shard 0; one object a node.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "metadata/config_keys.h"
#include "metadata/effective_config.h"
#include "metadata/image.h"
#include "server/changed_reason.h"
#include "server/connection_quota.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::node {

class ConfigWatch {
public:
    // `file` and `quota` outlive it.
    ConfigWatch(NodeId node, const metadata::StaticConfig& file, server::ConnectionQuota& quota,
                Logger log);

    void follow(metadata::ImagePointer image);

private:
    void tell_changes(std::string_view broker);
    void tell_change(std::string_view broker, std::string_view key, const std::string* value);
    void tell_idle_keys();
    void tell_if_idle(metadata::ConfigScope scope, const metadata::ConfigResource& resource);
    void follow_connection_limits();

    // Constant after construction.
    const NodeId node_;
    const metadata::StaticConfig& file_;
    server::ConnectionQuota& quota_;
    const Logger log_;

    // Null before the first one; objects both hold are the same by address.
    metadata::ImagePointer before_;
    metadata::ImagePointer now_;
    std::set<std::pair<metadata::ConfigScope, std::string>> told_idle_;
    server::ChangedReason limits_refused_;
};

// The limits as they are set now. The error names the value that is none: a log that another
// program wrote may hold anything.
Result<server::ConnectionLimits> connection_limits(const metadata::EffectiveConfig& config);

}  // namespace cauce::node
