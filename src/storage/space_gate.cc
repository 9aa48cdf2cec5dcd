#include "storage/space_gate.h"

#include <algorithm>
#include <chrono>

namespace cauce::storage {
namespace {

// A look costs a call into the kernel: not for every batch, however little is left.
constexpr std::uint64_t kAllowanceMin = 64 * 1024;
// More debt than this is forgotten, so that a burst is not paid for long after it.
constexpr std::uint64_t kDebtSeconds = 10;

std::int64_t whole_ms(Duration span) {
    return std::chrono::duration_cast<milliseconds>(span).count();
}

}  // namespace

std::uint64_t SpaceGate::left(std::uint64_t mark) const {
    const std::uint64_t free = found_.space.free_bytes;
    return free > mark ? free - mark : 0;
}

void SpaceGate::renew() {
    // All shards together take half of what is left in this stage before one of them looks again.
    const bool ample = found_.stage == SpaceStage::ample;
    const std::uint64_t next_mark = ample ? found_.throttle_below : found_.refuse_below;
    allowance_ = std::max(left(next_mark) / 2 / shards_, kAllowanceMin);
    const std::uint64_t for_clients = left(found_.refuse_below);
    bytes_per_second_ = std::max<std::uint64_t>(for_clients / kLastsSeconds / shards_, 1);
}

void SpaceGate::told(const SpaceFound& found) {
    found_ = found;
    if (found_.stage == SpaceStage::ample) owed_bytes_ = 0;
    renew();
}

bool SpaceGate::took(std::uint64_t bytes) {
    if (found_.refuse_below == 0 && found_.throttle_below == 0) return false;
    if (bytes < allowance_) {
        allowance_ -= bytes;
        return false;
    }
    allowance_ = kAllowanceMin;
    return true;
}

bool SpaceGate::looked(const runtime::DiskSpace& space) {
    found_.space = space;
    const SpaceStage before = found_.stage;
    if (found_.refuse_below > 0 && left(found_.refuse_below) == 0) found_.stage = SpaceStage::full;
    renew();
    const bool short_of_it = before == SpaceStage::ample && left(found_.throttle_below) == 0;
    return found_.stage != before || short_of_it;
}

Duration SpaceGate::charge(std::uint64_t bytes, MonoTime now) {
    if (found_.stage == SpaceStage::ample) return Duration::zero();
    const std::int64_t now_ms = whole_ms(now.since_start);
    const auto passed_ms = static_cast<std::uint64_t>(std::clamp<std::int64_t>(
        now_ms - paid_until_ms_, 0, static_cast<std::int64_t>(kDebtSeconds) * 1000));
    const std::uint64_t paid = passed_ms * bytes_per_second_ / 1000;
    owed_bytes_ -= std::min(owed_bytes_, paid);
    paid_until_ms_ = now_ms;
    owed_bytes_ = std::min(owed_bytes_ + bytes, bytes_per_second_ * kDebtSeconds);
    const auto due = milliseconds(owed_bytes_ * 1000 / bytes_per_second_);
    if (due > Duration::zero()) ++throttled_batches_;
    return std::min<Duration>(due, kPauseMax);
}

Duration SpaceGate::refuse() {
    ++refused_batches_;
    return kPauseMax;
}

}  // namespace cauce::storage
