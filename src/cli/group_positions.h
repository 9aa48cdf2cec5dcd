// Where a group is in its topics: what it committed, where the logs end, and what that leaves to
// read. Also the problems that commands about groups share.
#pragma once

#include "base/ids.h"
#include "cli/problem.h"
#include "cli/session.h"
#include "client/admin.h"
#include "runtime/task.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace cauce::cli {

struct GroupPositions {
    client::GroupDescription group;
    std::map<TopicPartition, client::CommittedOffset> committed;
    // Of every partition that the group committed for or reads.
    std::map<TopicPartition, client::FoundOffset> ends;

    // Nothing when it has none.
    std::optional<std::int64_t> position(const TopicPartition& partition) const;
    std::optional<std::int64_t> end(const TopicPartition& partition) const;
    // Records left to read; nothing when the group has no position, or the log's end is not known.
    std::optional<std::int64_t> lag(const TopicPartition& partition) const;
    // There may be records to read, nobody knows how many.
    bool is_behind_unknown(const TopicPartition& partition) const;
};

// `what` is what does not happen when it fails: "group `billing` was not described".
runtime::Task<Expected<GroupPositions>> read_group(Session& session, std::string name,
                                                   std::string what);

Problem unknown_group(const Session& session, const std::string& name);
// Somebody is in the group, who would go on from where they are.
Problem group_in_use(const std::string& name, std::string what, std::string why);

}  // namespace cauce::cli
