// How a container is configured: what Apache Kafka's images (apache/kafka, apache/kafka-native)
// make of their surroundings, so that compose files, charts and tests written for them work as they
// are.
//
//   KAFKA_*       keys of server.properties (key_of_variable); they stand above the mounted file
//   /mnt/shared/config/server.properties   where it is mounted
//   CLUSTER_ID    the cluster that an empty data directory is formatted for
//
// Kafka's images refuse to start when a key without a default is missing, and keep their data in
// /tmp when log.dirs is. Here both have a value that works: one node, its data on the image's
// volume.
#pragma once

#include "node/config.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::node {

inline constexpr std::string_view kMountedConfig = "/mnt/shared/config/server.properties";
inline constexpr std::string_view kContainerData = "/var/lib/kafka/data";
// What Kafka's images take when nobody chooses. Many clusters have it; their ids are the only thing
// they share.
inline constexpr std::string_view kDefaultClusterId = "5L6g3nShT-eMCtK--X86sw";

// What read_config() is to be given. `mounted`: the text of `file_name`, when there is that file.
ConfigInput container_input(const std::map<std::string, std::string>& variables,
                            std::string file_name, std::optional<std::string> mounted);

// CLUSTER_ID, or the default.
std::string container_cluster_id(const std::map<std::string, std::string>& variables);

// advertised.listeners with every host replaced by 0.0.0.0: what Kafka's images listen on when
// KAFKA_ADVERTISED_LISTENERS is set and KAFKA_LISTENERS is not.
std::string listeners_from_advertised(std::string_view advertised);

}  // namespace cauce::node
