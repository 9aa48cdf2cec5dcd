// Collects tombstones of positions into as many appends as they need. They need not stand together.
#pragma once

#include "coordinator/group/effects.h"

#include <cstddef>

namespace cauce::coordinator::group {

class Tombstones {
public:
    explicit Tombstones(Effects& effects) : effects_(effects) {}

    // Where the next one goes. A batch has its limit, and names may be long: appends are closed far
    // below it.
    RecordList& next() {
        if (append_ == kNone || is_full(effects_.appends[append_].records)) {
            append_ = effects_.appends.size();
            effects_.appends.emplace_back().replay = true;
        }
        return effects_.appends[append_].records;
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    static constexpr std::size_t kRecordsMax = 1'000;
    static constexpr std::size_t kBytesMax = 256 * 1024;

    static bool is_full(const RecordList& records) {
        return records.size() >= kRecordsMax || records.bytes() >= kBytesMax;
    }

    Effects& effects_;
    std::size_t append_ = kNone;
};

}  // namespace cauce::coordinator::group
