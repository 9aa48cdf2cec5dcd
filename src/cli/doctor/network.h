// `cauce doctor` and the ways to a broker: its listeners from this machine, and the addresses it
// tells clients, dialed as a client would.
#pragma once

#include "cli/doctor/finding.h"
#include "cli/environment.h"
#include "runtime/task.h"
#include "storage/log_directory.h"

#include <optional>
#include <string>
#include <vector>

namespace cauce::cli {

// The listeners of a configuration, running or not. `meta` is what its data directory says. Binds
// what nobody answers at for a moment, to see that it can. `patience` is for each address.
runtime::Task<Findings> examine_listeners(Environment& environment, ServerSetup setup,
                                          std::optional<storage::MetaProperties> meta,
                                          Duration patience);

// What a client finds that starts from these addresses.
runtime::Task<Findings> examine_bootstrap(Environment& environment,
                                          std::vector<runtime::Address> bootstrap,
                                          Duration patience);

}  // namespace cauce::cli
