// The keys of client metrics subscriptions.
// Facts of Kafka 4.4's definitions (name, type, default, range, importance, update mode); the texts
// are ours. In the order of the names.
#include "metadata/config_table.h"

namespace cauce::metadata::config_table {
namespace {

// clang-format off
constexpr ConfigKey kKeys[] = {
    {"interval.ms", Int, "300000", "", medium, cluster_wide,
     "How often matching clients push their metrics."},
    {"match", List, "", "", medium, cluster_wide,
     "Which clients are meant, as attribute=pattern; empty for all."},
    {"metrics", List, "", "", medium, cluster_wide,
     "What the names of the wanted metrics begin with; * for all."},
};
// clang-format on

}  // namespace

std::span<const ConfigKey> client_metrics() {
    return kKeys;
}

}  // namespace cauce::metadata::config_table
