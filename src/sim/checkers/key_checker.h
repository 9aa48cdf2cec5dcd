// A compacted log: of every key the newest record is there, a tombstone too as long as they are
// kept; offsets keep what they held.
//
// One partition, written and read by one client, one thing after another.
#pragma once

#include "base/ids.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/record_checker.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace cauce::sim {

class KeyChecker {
public:
    // A record: its number, or nothing where it is a tombstone.
    using Content = std::optional<RecordNumber>;

    // `tombstones_stay`: they are kept for longer than a run lasts.
    KeyChecker(Findings& findings, std::string partition, bool tombstones_stay)
        : findings_(findings),
          partition_(std::move(partition)),
          tombstones_stay_(tombstones_stay) {}

    void sending(int key, Content content);
    void acknowledged(int key, Content content, Offset offset);

    // A pass over the whole log, from its start to its end.
    void begin_pass();
    void seen(Offset offset, int key, Content content);
    void end_pass();

private:
    struct Record {
        Offset offset;
        int key = 0;
        Content content;
    };

    void wrong(const std::string& text) { findings_.add("the log " + partition_ + ": " + text); }
    static std::string describe(const Record& record);
    void judge(int key, const Record& newest, const Record* last);

    Findings& findings_;
    const std::string partition_;
    const bool tombstones_stay_;
    std::map<int, std::set<Content>> sent_;
    std::map<Offset, Record> known_;  // acknowledged, or seen
    std::map<int, Record> newest_;    // acknowledged, by key
    std::map<int, int> unanswered_;   // tombstones that may have come to the log, by key
    std::map<int, Record> last_;      // of this pass, by key
    Offset next_{0};                  // at least where the next record of this pass stands
};

}  // namespace cauce::sim
