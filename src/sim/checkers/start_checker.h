// The beginning of a log that records are removed from: a start that DeleteRecords promised never
// goes back, and moves no further than was asked for, or than retention may; from the start on
// nothing is missing and every record is the one that was there before; offsets are never given
// again, whatever has been removed.
//
// One partition, written and read by one client, one thing after another.
#pragma once

#include "base/ids.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/record_checker.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace cauce::sim {

class StartChecker {
public:
    // `retention`: it may remove records by itself, up to the end. `durable`: what is promised
    // outlives a power loss and a kill; else a promise is only that it has been done.
    StartChecker(Findings& findings, std::string partition, bool retention, bool durable)
        : findings_(findings),
          partition_(std::move(partition)),
          retention_(retention),
          durable_(durable) {}

    void acknowledged(RecordNumber first, std::int32_t count, Offset base);

    // DeleteRecords of everything below `before` is asked for; it was answered.
    void removing(Offset before) { asked_ = std::max(asked_, before); }
    void removed(Offset before) { promised_ = std::max(promised_, before); }
    // Nothing below it may be given out any more.
    Offset promised_start() const { return durable_ ? promised_ : Offset{0}; }
    // Where the log is said to begin.
    void start(Offset told);

    // Reads from `from` on, to the end of what there is.
    void begin_to_read(Offset from);
    void seen(Offset offset, RecordNumber number);
    void has_read_all();

    // One past the last that was acknowledged.
    Offset end() const { return end_; }

private:
    void wrong(const std::string& text) { findings_.add("the log " + partition_ + ": " + text); }

    Findings& findings_;
    const std::string partition_;
    const bool retention_;
    const bool durable_;
    std::map<Offset, RecordNumber> records_;  // acknowledged, or seen
    Offset end_{0};
    Offset asked_{0};
    Offset promised_{0};
    Offset next_{0};  // what is to be read next
};

}  // namespace cauce::sim
