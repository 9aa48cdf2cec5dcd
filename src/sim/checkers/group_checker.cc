#include "sim/checkers/group_checker.h"

#include <algorithm>

namespace cauce::sim {

void GroupChecker::assigned(const std::string& group, std::int32_t generation,
                            const std::string& owner,
                            const std::vector<TopicPartition>& partitions) {
    ++assigned_count_;
    auto& owners = owners_[{group, generation}];
    for (const TopicPartition& partition : partitions) {
        const auto [known, fresh] = owners.emplace(partition, owner);
        if (fresh || known->second == owner) continue;
        findings_.add("group " + group + ": " + partition.to_string() + " belongs to " +
                      known->second + " and to " + owner + " in generation " +
                      std::to_string(generation));
    }
}

void GroupChecker::committing(const std::string& group, const TopicPartition& partition,
                              Offset offset) {
    Commits& commits = commits_[{group, partition}];
    commits.tried = std::max(commits.tried, offset);
}

void GroupChecker::committed(const std::string& group, const TopicPartition& partition,
                             Offset offset) {
    ++committed_count_;
    Commits& commits = commits_[{group, partition}];
    commits.promised = std::max(commits.promised, offset);
}

Offset GroupChecker::committed_floor(const std::string& group,
                                     const TopicPartition& partition) const {
    const auto found = commits_.find({group, partition});
    return found == commits_.end() ? Offset{-1} : found->second.promised;
}

void GroupChecker::fetched(const std::string& group, const TopicPartition& partition, Offset floor,
                           Offset told) {
    const std::string what = "group " + group + ": the committed offset of " +
                             partition.to_string() + " is " + std::to_string(told.value);
    if (told < floor) findings_.add(what + ", " + std::to_string(floor.value) + " was committed");
    const Offset tried = commits_[{group, partition}].tried;
    if (told > tried)
        findings_.add(what + ", nobody committed more than " + std::to_string(tried.value));
}

}  // namespace cauce::sim
