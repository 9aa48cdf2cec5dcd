// Which group has to be looked at next: a binary heap of groups by their wake_at(), in which each
// knows its place. Heartbeats move nothing in it, since they only put times off.
#pragma once

#include "base/check.h"
#include "base/time.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace cauce::coordinator::group {

class WakeQueue {
public:
    // What stands in the queue; it lives at least as long as it does.
    struct Entry {
        MonoTime at = MonoTime::never();
        std::size_t place = kNowhere;
    };

    std::optional<MonoTime> next() const {
        if (heap_.empty()) return std::nullopt;
        return heap_.front()->at;
    }
    Entry& first() const { return *heap_.front(); }

    // Puts the entry in its place for this time; never() takes it out.
    void set(Entry& entry, MonoTime at) {
        if (at == MonoTime::never()) return remove(entry);
        if (entry.place != kNowhere && entry.at == at) return;
        entry.at = at;
        if (entry.place == kNowhere) {
            entry.place = heap_.size();
            heap_.push_back(&entry);
        }
        settle(entry.place);
    }

    void remove(Entry& entry) {
        if (entry.place == kNowhere) return;
        const std::size_t place = std::exchange(entry.place, kNowhere);
        Entry* last = heap_.back();
        heap_.pop_back();
        if (last == &entry) return;
        heap_[place] = last;
        last->place = place;
        settle(place);
    }

private:
    static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

    void settle(std::size_t place) {
        while (place > 0 && heap_[place]->at < heap_[(place - 1) / 2]->at)
            place = swap(place, (place - 1) / 2);
        while (true) {
            std::size_t child = place * 2 + 1;
            if (child >= heap_.size()) return;
            if (child + 1 < heap_.size() && heap_[child + 1]->at < heap_[child]->at) ++child;
            if (heap_[place]->at <= heap_[child]->at) return;
            place = swap(place, child);
        }
    }

    std::size_t swap(std::size_t a, std::size_t b) {
        std::swap(heap_[a], heap_[b]);
        heap_[a]->place = a;
        heap_[b]->place = b;
        return b;
    }

    std::vector<Entry*> heap_;
};

}  // namespace cauce::coordinator::group
