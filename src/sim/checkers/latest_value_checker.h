// A compacted log: whoever reads all of it learns for each key the newest value that was promised,
// or a newer one that was sent; what was deleted does not come back, and no reading meets the
// changes of a key in another order than they were made in.
//
// One writer for each key, which makes the next change when the last one was acknowledged; a change
// may be sent several times.
#pragma once

#include "base/ids.h"
#include "sim/checkers/findings.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

class LatestValueChecker {
public:
    explicit LatestValueChecker(Findings& findings) : findings_(findings) {}

    // The next change of `key`: to `value`, or its deletion.
    void sent(const std::string& key, std::optional<std::int64_t> value);
    // The last change that was sent of it is promised.
    void acknowledged(const std::string& key);

    // A reading from the log's start to an end that was not below what was promised when it began.
    class Reading {
    public:
        explicit Reading(LatestValueChecker& checker);

        void seen(Offset offset, const std::string& key, std::optional<std::int64_t> value);
        // The end was reached.
        void finish();
        std::size_t records() const { return records_; }

    private:
        struct Key {
            std::size_t promised = 0;  // changes, when the reading began
            std::size_t reached = 0;   // at most the change that was seen last, from 1 on
            std::optional<std::int64_t> value = {};  // as learned
        };

        LatestValueChecker& checker_;
        std::map<std::string, Key> keys_;
        Offset last_{-1};
        std::size_t records_ = 0;
    };

private:
    using Change = std::optional<std::int64_t>;
    struct Key {
        std::vector<Change> changes;  // as they were sent
        std::size_t promised = 0;     // of them
    };

    void wrong(const std::string& key, const std::string& text);

    Findings& findings_;
    std::map<std::string, Key> keys_;
};

}  // namespace cauce::sim
