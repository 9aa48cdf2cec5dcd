// Formatting log directories: what `storage format` does, byte for byte as Apache Kafka's
// kafka-storage does it, so that either of the two starts on what the other one formatted.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "quorum/quorum.h"
#include "runtime/disk.h"
#include "runtime/random.h"
#include "runtime/task.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::quorum {

enum class InitialVoters : std::uint8_t {
    none,           // a controller that joins later (--no-initial-controllers)
    standalone,     // this node alone
    given,          // --initial-controllers
    static_quorum,  // controller.quorum.voters of the configuration says who, the log does not
};

struct FormatOptions {
    std::string cluster_id;
    NodeId node;
    std::vector<std::string> directories;
    // One of `directories`; empty: the first.
    std::string metadata_directory;
    bool is_controller = true;
    InitialVoters initial = InitialVoters::standalone;
    std::vector<Voter> voters;
    // This node's controller endpoint, for standalone.
    std::vector<VoterEndpoint> controller_endpoints;
    bool ignore_formatted = false;
    bool dry_run = false;  // everything but the writing
    // Levels to finalize; empty: bootstrap_features().
    std::map<std::string, std::int16_t> features;
    // Wall clock, for the timestamps inside the files.
    WallTime now;
};

// What a new cluster of ours finalizes: what works, nothing more.
std::map<std::string, std::int16_t> bootstrap_features();

// Reads "1@host:9093:directory-id,...".
Result<std::vector<Voter>> parse_initial_controllers(const std::string& text,
                                                     const std::string& listener);

// Writes meta.properties into every directory and the first snapshot into the metadata directory.
// Returns what to tell, a line each. Nothing is written when any check fails.
runtime::Task<Result<std::vector<std::string>>> format(runtime::Disk& disk, runtime::Random& random,
                                                       FormatOptions options);

}  // namespace cauce::quorum
