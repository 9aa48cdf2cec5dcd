// Leader epochs: the records of an epoch are one stretch of the log, and epochs only grow along it;
// an epoch with records is known as long as they are there, it ends behind the last of them and not
// behind the next epoch's first; an end that was told of an epoch that is over is told again.
#pragma once

#include "base/ids.h"
#include "runtime/random.h"
#include "sim/checkers/findings.h"

#include <map>
#include <optional>
#include <string>

namespace cauce::sim {

class EpochChecker {
public:
    explicit EpochChecker(Findings& findings) : findings_(findings) {}

    // A reader got a batch.
    void seen(const TopicPartition& partition, LeaderEpoch epoch, Offset first, Offset last);

    // To be asked before the broker is, and given with its answer.
    struct Question {
        TopicPartition partition;
        LeaderEpoch epoch;  // one that has records
        Offset last;        // of those that were seen
        bool over = false;  // a later epoch has records
    };
    // One of those that can be asked; nothing as long as nobody has seen a record.
    std::optional<Question> pick(runtime::Random& random) const;
    void answered(const Question& question, LeaderEpoch epoch, Offset end);

private:
    struct Stretch {
        Offset first;
        Offset last;
    };
    struct Partition {
        std::map<LeaderEpoch, Stretch> seen;
        std::map<LeaderEpoch, Offset> ends;  // as told, of epochs that are over
    };

    void wrong(const TopicPartition& partition, LeaderEpoch epoch, const std::string& text);

    Findings& findings_;
    std::map<TopicPartition, Partition> partitions_;
};

}  // namespace cauce::sim
