// What may be set while the cluster runs, beside topics' own settings (check_topic_configs): for
// one broker or for all (KIP-226), for a group (KIP-848, KIP-932) and for a subscription of client
// metrics (KIP-714).
//
// Each check is given everything the resource will have in the end. The errors are Kafka's, code
// and text; a broker's bad value is invalid_request and not invalid_config, as clients have always
// seen it (KAFKA-13609).
#pragma once

#include "base/result.h"
#include "metadata/effective_config.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::metadata {

using ConfigMap = std::map<std::string, std::string, std::less<>>;

// `one_broker` is false for what is set for all brokers at once. Names of no key pass: Kafka keeps
// them for plug-ins, and so do we.
Result<void> check_broker_configs(const ConfigMap& values, bool one_broker);

// A broker key that somebody wants to set now. Refuses what would look like security and be none.
Result<void> check_broker_key_is_served(std::string_view name);

// The bounds are the broker's own settings.
Result<void> check_group_configs(const ConfigMap& values, const EffectiveConfig& broker);

Result<void> check_client_metrics_configs(const ConfigMap& values);

// One entry of max.connections.per.ip.overrides: "192.0.2.7:200". Nothing when it is none; host
// names are not looked up.
std::optional<std::pair<std::string, std::int32_t>> parse_address_limit(std::string_view entry);

}  // namespace cauce::metadata
