// Records: what was acknowledged stays, at the offset that was told; what a reader saw stays; what
// an idempotent producer sent is there once and in its order; nothing else is there; high
// watermarks never go back.
//
// Every record carries a number, unique in its partition. Producers tell what they send and what
// was acknowledged, readers what they see; at the end the whole log is read once more.
#pragma once

#include "base/ids.h"
#include "sim/checkers/findings.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {

using RecordNumber = std::int64_t;

class RecordChecker {
public:
    explicit RecordChecker(Findings& findings) : findings_(findings) {}

    // A producer starts to send this record; `idempotent`: with a producer id and sequences.
    // A record may be sent several times.
    void sent(const TopicPartition& partition, RecordNumber number, bool idempotent);
    // The broker promised it. Without an offset it only said that it had the record already.
    void acknowledged(const TopicPartition& partition, RecordNumber number,
                      std::optional<Offset> offset);
    // A reader got it. Readers go from offset to offset without a gap.
    void seen(const TopicPartition& partition, Offset offset, RecordNumber number);

    // To be asked before a request, and given with what the answer to it said.
    Offset high_watermark_floor(const TopicPartition& partition);
    void high_watermark(const TopicPartition& partition, Offset floor, Offset told);

    // The end of what is promised: the final reader has to get at least here.
    Offset promised_end(const TopicPartition& partition);
    // All partitions have been read from 0 to promised_end() by a last reader. Checks what can only
    // be said then.
    void finish();

    std::uint64_t acknowledged_count() const { return acknowledged_count_; }

private:
    struct Partition {
        std::map<RecordNumber, bool> sent;  // idempotent?
        std::map<RecordNumber, std::optional<Offset>> acknowledged;
        std::map<Offset, RecordNumber> promised;    // by a producer's answer
        std::vector<RecordNumber> log;              // by offset, as readers saw it
        std::map<RecordNumber, Offset> last_place;  // of each number in `log`
        RecordNumber last_idempotent = -1;          // in the log
        Offset high_watermark{0};
    };

    void wrong(const TopicPartition& partition, const std::string& text);
    void append(const TopicPartition& name, Partition& partition, RecordNumber number);

    Findings& findings_;
    std::map<TopicPartition, Partition> partitions_;
    std::uint64_t acknowledged_count_ = 0;
};

}  // namespace cauce::sim
