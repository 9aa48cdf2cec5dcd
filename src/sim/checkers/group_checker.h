// Groups: a partition has one owner in a generation; a generation that was assigned is not assigned
// again to others; a committed offset is never forgotten and never invented.
#pragma once

#include "base/ids.h"
#include "sim/checkers/findings.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {

class GroupChecker {
public:
    explicit GroupChecker(Findings& findings) : findings_(findings) {}

    // A member was given its part of a generation. `owner`: the instance of a static member, else
    // the member's id.
    void assigned(const std::string& group, std::int32_t generation, const std::string& owner,
                  const std::vector<TopicPartition>& partitions);

    // A commit is sent; it was answered with success.
    void committing(const std::string& group, const TopicPartition& partition, Offset offset);
    void committed(const std::string& group, const TopicPartition& partition, Offset offset);
    // To be asked before the request, and given with its answer. -1: none.
    Offset committed_floor(const std::string& group, const TopicPartition& partition) const;
    void fetched(const std::string& group, const TopicPartition& partition, Offset floor,
                 Offset told);

    std::uint64_t assigned_count() const { return assigned_count_; }
    std::uint64_t committed_count() const { return committed_count_; }

private:
    struct Commits {
        Offset tried{-1};  // the highest that was ever sent
        Offset promised{-1};
    };
    using Key = std::pair<std::string, TopicPartition>;

    Findings& findings_;
    std::map<std::pair<std::string, std::int32_t>, std::map<TopicPartition, std::string>> owners_;
    std::map<std::string, std::int32_t> newest_;
    std::map<Key, Commits> commits_;
    std::uint64_t assigned_count_ = 0;
    std::uint64_t committed_count_ = 0;
};

}  // namespace cauce::sim
