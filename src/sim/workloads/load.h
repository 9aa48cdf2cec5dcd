// Load: what the workloads of one run share: where the broker is, what the checkers know, when to
// end. All workloads of a run live on one simulated node, so on one thread of control.
#pragma once

#include "base/error_code.h"
#include "base/ids.h"
#include "runtime/net.h"
#include "sim/checkers/epoch_checker.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/group_checker.h"
#include "sim/checkers/history.h"
#include "sim/checkers/record_checker.h"
#include "sim/checkers/setting_checker.h"
#include "sim/checkers/topic_checker.h"
#include "sim/world.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace cauce::sim {

struct Load {
    runtime::Address broker;
    Findings findings;
    RecordChecker records{findings};
    EpochChecker epochs{findings};
    GroupChecker groups{findings};
    TopicChecker topics{findings};
    SettingChecker settings{findings};
    // Of producers and readers; judged at the end (kafka_checker.h).
    History history;

    // Nothing happens to the broker meanwhile. Workloads then do a little now and then: what they
    // do close to a fault shows more and costs the same.
    MonoTime quiet_from;
    MonoTime quiet_until;
    bool quiet(MonoTime now) const { return now >= quiet_from && now < quiet_until; }

    // The topics that producers and readers use, all created, and their ids.
    std::map<std::string, TopicId> ids;
    // acks=1 survives the death of the process, not a power loss.
    bool one_ack_is_a_promise = true;

    // No new work is begun; what is under way is brought to its end.
    bool draining = false;
    // Everybody stops where he is.
    bool over() const { return !findings.empty() || ended; }
    bool ended = false;

    // A log directory has failed in this run, or the disk was full.
    bool disk_trouble = false;
    // A broker that has just started says such things; the workload comes again. What would tell of
    // a damaged request is not among them, nor is a failed disk where none has failed.
    bool may_come_again(ErrorCode error) const {
        if (error == ErrorCode::kafka_storage_error) return disk_trouble;
        return is_retriable(error) && error != ErrorCode::corrupt_message;
    }

    // How far each workload has come, by its name: where nothing is in the way, all of them grow.
    std::map<std::string, std::uint64_t> progress;
    // A count of its own for one more workload of that kind.
    std::uint64_t& take_part(const std::string& kind) {
        std::size_t number = 0;
        while (progress.contains(kind + " " + std::to_string(number)))
            ++number;
        return progress[kind + " " + std::to_string(number)];
    }

    // How often a broker asked to come again, and how often a connection ended before its answer.
    std::uint64_t retries = 0;
    std::uint64_t lost_connections = 0;
};

// A pause of up to `longest` before the next attempt.
inline runtime::Task<void> pause(NodeSeams& seams, Duration longest) {
    const MonoTime until =
        seams.shards.clock().now() + Duration(seams.shards.random().between(0, longest.count()));
    co_await seams.shards.sleep_until(until);
}

constexpr Duration kRestMax = seconds(8);

// The same between two things a workload does: longer by up to `rest_max` while all is quiet, but
// not longer than that.
inline runtime::Task<void> rest(NodeSeams& seams, const Load& load, Duration longest,
                                Duration rest_max = kRestMax) {
    runtime::Random& random = seams.shards.random();
    const MonoTime now = seams.shards.clock().now();
    MonoTime until = now + Duration(random.between(0, longest.count()));
    if (load.quiet(now)) {
        const Duration short_of_the_end(random.between(0, longest.count()));
        until = std::min(until + Duration(random.between(0, rest_max.count())),
                         load.quiet_until + short_of_the_end);
    }
    co_await seams.shards.sleep_until(until);
}

}  // namespace cauce::sim
