#include "storage/key_map.h"

#include "base/check.h"

#include <algorithm>

namespace cauce::storage {
namespace {

double bounded(double load) {
    // A share below this would be a map of nothing but empty places.
    constexpr double kLeastLoad = 0.01;
    return load > kLeastLoad ? std::min(load, KeyMap::kMostLoad) : kLeastLoad;
}

std::size_t slots_for(std::size_t keys, double load) {
    return static_cast<std::size_t>(static_cast<double>(keys) / bounded(load)) + 1;
}

}  // namespace

KeyMap::KeyMap(std::size_t keys_max, double load, SipSecret secret)
    : secret_(secret), keys_max_(keys_max), slots_(slots_for(keys_max, load)) {
    CHECK(keys_max_ > 0 && slots_.size() > keys_max_, keys_max_, slots_.size());
}

std::size_t KeyMap::keys_in(std::size_t bytes, double load) {
    const std::size_t slots = bytes / kSlotBytes;
    if (slots < 2) return 1;
    const auto keys = static_cast<std::size_t>(static_cast<double>(slots - 1) * bounded(load));
    return std::max<std::size_t>(keys, 1);
}

std::size_t KeyMap::place_of(const Hash128& key) const {
    // The hash is even: its share of all hashes is the key's share of the places.
    const auto product = static_cast<unsigned __int128>(key.first) * slots_.size();
    auto place = static_cast<std::size_t>(product >> 64);
    while (slots_[place].after != 0 && slots_[place].key != key)
        place = place + 1 == slots_.size() ? 0 : place + 1;
    return place;
}

bool KeyMap::put(BytesView key, Offset offset) {
    CHECK(offset >= Offset{0}, offset);
    const Hash128 hash = sip_hash(key, secret_);
    Slot& slot = slots_[place_of(hash)];
    if (slot.after == 0) {
        if (full()) return false;
        ++size_;
    }
    slot = {hash, std::max(slot.after, offset.value + 1)};
    return true;
}

std::optional<Offset> KeyMap::newest(BytesView key) const {
    const Slot& slot = slots_[place_of(sip_hash(key, secret_))];
    if (slot.after == 0) return std::nullopt;
    return Offset{slot.after - 1};
}

}  // namespace cauce::storage
