#include "storage/read_places.h"

namespace cauce::storage {

void ReadPlaces::appended(Offset segment, const Place& batch) {
    if (segment != segment_) {
        segment_ = segment;
        count_ = 0;
    }
    if (count_ == kNewest) {
        first_ = (first_ + 1) % kNewest;
        --count_;
    }
    newest_[(first_ + count_) % kNewest] = batch;
    ++count_;
}

void ReadPlaces::stopped(Offset segment, Offset offset, std::uint32_t position) {
    // A reader leaves one stop behind, not a trail of them.
    for (auto& stop : stops_)
        if (stop.segment == segment && stop.offset == offset) return;
    stops_[next_stop_] = {segment, offset, position};
    next_stop_ = (next_stop_ + 1) % kStops;
}

void ReadPlaces::clear() {
    count_ = 0;
    segment_ = Offset{-1};
    stops_.fill(Stop());
}

template <typename Holds>
std::size_t ReadPlaces::prefix(const Holds& holds) const {
    std::size_t low = 0;
    std::size_t high = count_;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (holds(newest(middle)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

std::optional<ReadPlaces::Place> ReadPlaces::find(Offset segment, Offset offset) const {
    if (segment == segment_) {
        const std::size_t n = prefix([&](const Place& place) { return place.base <= offset; });
        if (n > 0 && newest(n - 1).last >= offset) return newest(n - 1);
        if (n > 0 && n < count_) return newest(n);
    }
    for (const auto& stop : stops_)
        if (stop.segment == segment && stop.offset == offset)
            return Place{offset, offset, stop.position, 0};
    return std::nullopt;
}

std::optional<std::uint32_t> ReadPlaces::boundary(Offset segment, Offset offset) const {
    if (segment == segment_) {
        const std::size_t n = prefix([&](const Place& place) { return place.base < offset; });
        // Between the last batch below and this one nothing stands, so that a bound inside a gap is
        // one too.
        if (n > 0 && n < count_) return newest(n).position;
        if (n == 0 && count_ > 0 && newest(0).base == offset) return newest(0).position;
    }
    for (const auto& stop : stops_)
        if (stop.segment == segment && stop.offset == offset) return stop.position;
    return std::nullopt;
}

std::optional<ReadPlaces::Place> ReadPlaces::below(Offset segment, std::uint32_t position) const {
    if (segment != segment_) return std::nullopt;
    const std::size_t n = prefix([&](const Place& place) { return place.position <= position; });
    if (n == 0) return std::nullopt;
    return newest(n - 1);
}

}  // namespace cauce::storage
