// Plan: what a seed draws before it runs: shards, settings, topics, clients, how long it lasts and
// how many faults it meets. Two plans of one seed and the same reductions are the same.
#pragma once

#include "base/time.h"
#include "sim/fault.h"
#include "sim/workloads/key_writer.h"
#include "sim/workloads/producer.h"
#include "sim/workloads/topic_churn.h"
#include "sim/workloads/trimmer.h"

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {

// Less than what the seed draws: how a failed seed is made smaller (shrink.h).
struct Reductions {
    static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

    std::size_t faults_max = kAll;  // only the first so many
    std::set<Fault> without;
    std::size_t producers_max = kAll;
    std::size_t readers_max = kAll;
    std::size_t members_max = kAll;
    bool churn = true;  // topics and settings that change, records that are removed or compacted

    bool operator==(const Reductions&) const = default;
    // As arguments of the program, each with a blank in front.
    std::string to_arguments() const;
};

struct Plan {
    unsigned shards = 1;
    bool flush = true;
    std::string properties;  // of the broker
    std::string knobs;       // what was drawn of its settings and the topics', as "key=value ..."
    std::vector<std::string> directories;
    std::string metadata_directory;

    std::vector<TopicSpec> topics;
    std::vector<ProducerOptions> producers;
    std::size_t readers = 1;
    std::size_t members = 0;
    bool static_member = false;
    Duration member_pause{0};  // up to this, between what a member asks
    milliseconds member_session{0};
    bool churn = false;
    bool trims = false;
    TrimmerOptions trimmer;
    bool compacts = false;
    KeyWriterOptions key_writer;

    // The safety phase: faults happen, for at least so long.
    Duration safety{0};
    std::size_t faults = 0;
    bool rests = true;         // workloads do little while nothing happens
    std::vector<Fault> kinds;  // of those that may happen; never empty

    Duration disk_sync{0};
    Duration net_hop{0};

    std::vector<TopicPartition> partitions() const;
    // In a line, with the settings that were drawn.
    std::string describe() const;
};

// `deaths`: that many faults, all of them deaths; 0: drawn.
Plan draw_plan(std::uint64_t seed, std::size_t deaths, const Reductions& reductions);

}  // namespace cauce::sim
