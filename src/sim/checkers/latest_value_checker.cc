#include "sim/checkers/latest_value_checker.h"

#include "base/check.h"

#include <algorithm>

namespace cauce::sim {
namespace {

std::string text_of(const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : "nothing";
}

}  // namespace

void LatestValueChecker::wrong(const std::string& key, const std::string& text) {
    findings_.add("compacted key " + key + ": " + text);
}

void LatestValueChecker::sent(const std::string& key, std::optional<std::int64_t> value) {
    Key& known = keys_[key];
    CHECK(known.promised == known.changes.size(), key);
    known.changes.push_back(value);
}

void LatestValueChecker::acknowledged(const std::string& key) {
    Key& known = keys_[key];
    CHECK(known.promised < known.changes.size(), key);
    known.promised = known.changes.size();
}

LatestValueChecker::Reading::Reading(LatestValueChecker& checker) : checker_(checker) {
    for (const auto& [name, known] : checker.keys_)
        keys_[name].promised = known.promised;
}

void LatestValueChecker::Reading::seen(Offset offset, const std::string& key,
                                       std::optional<std::int64_t> value) {
    ++records_;
    if (offset <= last_)
        checker_.wrong(key, "offset " + std::to_string(offset.value) + " comes after " +
                                std::to_string(last_.value));
    last_ = offset;
    const auto known = checker_.keys_.find(key);
    if (known == checker_.keys_.end()) {
        checker_.wrong(key, "was never sent, and stands at offset " + std::to_string(offset.value));
        return;
    }
    // A change that was sent twice may stand there twice; equal deletions cannot be told apart, so
    // the earliest that fits counts.
    Key& mine = keys_[key];
    const std::vector<Change>& changes = known->second.changes;
    const std::size_t from = mine.reached == 0 ? 0 : mine.reached - 1;
    const auto found =
        std::find(changes.begin() + static_cast<std::ptrdiff_t>(from), changes.end(), value);
    if (found == changes.end()) {
        checker_.wrong(key, text_of(value) + " at offset " + std::to_string(offset.value) +
                                " is no change after " + text_of(mine.value));
        return;
    }
    mine.reached = static_cast<std::size_t>(found - changes.begin()) + 1;
    mine.value = value;
}

void LatestValueChecker::Reading::finish() {
    for (const auto& [name, mine] : keys_) {
        if (mine.promised == 0) continue;
        const std::vector<Change>& changes = checker_.keys_.at(name).changes;
        // Any change from the newest promised one on may be the last.
        const auto from = changes.begin() + static_cast<std::ptrdiff_t>(mine.promised) - 1;
        if (std::find(from, changes.end(), mine.value) == changes.end())
            checker_.wrong(name, "a reader of the whole log learned " + text_of(mine.value) +
                                     ", and " + text_of(*from) + " was promised");
    }
}

}  // namespace cauce::sim
