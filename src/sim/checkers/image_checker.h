// Metadata: replaying the metadata log, from its newest snapshot on, gives what the node knew when
// it stopped. Leaders, epochs and registrations change with every start, and are left out.
#pragma once

#include "metadata/image.h"
#include "sim/checkers/findings.h"

#include <set>
#include <string>

namespace cauce::sim {

// Topics with their ids and replicas, configurations, features, producer ids: a line each.
using MetadataFacts = std::set<std::string>;
MetadataFacts lasting_facts(const metadata::Image& image);

// What was there before a restart and is not, and what came from nowhere.
void compare_facts(const MetadataFacts& before, const MetadataFacts& after, Findings& findings);

}  // namespace cauce::sim
