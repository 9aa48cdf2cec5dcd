// Changes of topics, as `topic alter`, `topic partitions` and `topic config` make them: more
// partitions, other settings. Nothing is changed before the cluster has said of everything that it
// can be.
#pragma once

#include "cli/arguments.h"
#include "cli/problem.h"
#include "cli/session.h"
#include "client/admin.h"
#include "runtime/task.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cauce::cli {

struct TopicAlteration {
    std::int32_t partitions = -1;  // -1: as many as there are
    std::vector<client::ConfigChange> configs;
    bool dry_run = false;
    // More partitions without asking: they cannot be taken away again.
    bool yes = false;

    bool is_nothing() const { return partitions < 0 && configs.empty(); }

    // --set, --unset, --append, --subtract, --dry-run
    void declare_configs(Arguments& arguments);
    // -y
    void declare_yes(Arguments& arguments);
};

// Prints what is and what was, or would be.
runtime::Task<Outcome> alter_topics(Session& session, std::vector<std::string> names,
                                    TopicAlteration alteration);

}  // namespace cauce::cli
