#include "sim/checkers/epoch_checker.h"

#include <algorithm>
#include <iterator>

namespace cauce::sim {

void EpochChecker::wrong(const TopicPartition& partition, LeaderEpoch epoch,
                         const std::string& text) {
    findings_.add("epoch " + std::to_string(epoch.value) + " of " + partition.to_string() + " " +
                  text);
}

void EpochChecker::seen(const TopicPartition& name, LeaderEpoch epoch, Offset first, Offset last) {
    if (epoch.value < 0) return wrong(name, epoch, "stands in a batch");
    auto& seen = partitions_[name].seen;
    const auto [place, fresh] = seen.emplace(epoch, Stretch{first, last});
    Stretch& stretch = place->second;
    if (!fresh) stretch = {std::min(stretch.first, first), std::max(stretch.last, last)};
    if (place != seen.begin()) {
        const auto& [before, records] = *std::prev(place);
        if (records.last >= stretch.first)
            wrong(name, epoch,
                  "has a record at " + std::to_string(stretch.first.value) + ", and epoch " +
                      std::to_string(before.value) + " one at " +
                      std::to_string(records.last.value));
    }
    if (const auto next = std::next(place); next != seen.end()) {
        const auto& [after, records] = *next;
        if (stretch.last >= records.first)
            wrong(name, epoch,
                  "has a record at " + std::to_string(stretch.last.value) + ", and epoch " +
                      std::to_string(after.value) + " one at " +
                      std::to_string(records.first.value));
    }
}

std::optional<EpochChecker::Question> EpochChecker::pick(runtime::Random& random) const {
    if (partitions_.empty()) return std::nullopt;
    const auto at = [&](const auto& map) {
        return std::next(map.begin(), static_cast<std::ptrdiff_t>(random.below(map.size())));
    };
    const auto partition = at(partitions_);
    if (partition->second.seen.empty()) return std::nullopt;
    const auto epoch = at(partition->second.seen);
    Question question;
    question.partition = partition->first;
    question.epoch = epoch->first;
    question.last = epoch->second.last;
    question.over = std::next(epoch) != partition->second.seen.end();
    return question;
}

void EpochChecker::answered(const Question& question, LeaderEpoch epoch, Offset end) {
    const TopicPartition& name = question.partition;
    Partition& partition = partitions_[name];
    if (epoch != question.epoch) {
        return wrong(
            name, question.epoch,
            "has records, and the broker answered for epoch " + std::to_string(epoch.value));
    }
    const std::string ends = "ends at " + std::to_string(end.value);
    if (end <= question.last)
        wrong(name, epoch, ends + ", and has a record at " + std::to_string(question.last.value));
    const auto next = partition.seen.upper_bound(epoch);
    if (next != partition.seen.end() && end > next->second.first)
        wrong(name, epoch,
              ends + ", and epoch " + std::to_string(next->first.value) + " begins at " +
                  std::to_string(next->second.first.value));
    if (!question.over) return;
    const auto [known, fresh] = partition.ends.emplace(epoch, end);
    if (!fresh && known->second != end)
        wrong(name, epoch, ends + ", and ended at " + std::to_string(known->second.value));
}

}  // namespace cauce::sim
