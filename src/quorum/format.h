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

// What became of one of the directories.
struct DirectoryFormat {
    enum class Status : std::uint8_t { formatted, would_format, already_formatted };

    Status status = Status::formatted;
    std::string directory;
    std::string cluster_id;        // empty: formatted before, in a way we cannot read
    std::string metadata_version;  // finalized by formatting; empty: formatted before
    std::string role;              // "dynamic metadata voter"; only of what is formatted now
};

// What to tell of it, a line each, in kafka-storage's words.
std::vector<std::string> to_lines(const std::vector<DirectoryFormat>& directories);

// What a new cluster of ours finalizes: what works, nothing more.
std::map<std::string, std::int16_t> bootstrap_features();

// Reads "1@host:9093:directory-id,...".
Result<std::vector<Voter>> parse_initial_controllers(const std::string& text,
                                                     const std::string& listener);

// Writes meta.properties into every directory and the first snapshot into the metadata directory.
// Returns what became of each directory, in their order. Nothing is written when any check fails:
//   DUPLICATE_RESOURCE       one is formatted already, and that was not to be ignored
//   INCONSISTENT_CLUSTER_ID  one is formatted for another cluster
//   KAFKA_STORAGE_ERROR      the disk; after a failed write, formatting again with ignore_formatted
//                            does the rest
runtime::Task<Result<std::vector<DirectoryFormat>>> format(runtime::Disk& disk,
                                                           runtime::Random& random,
                                                           FormatOptions options);

}  // namespace cauce::quorum
