#include "metadata/image.h"

#include <algorithm>

namespace cauce::metadata {
namespace {

// Both in the order of their keys: equal when they hold equal things.
template <typename Map>
bool same_values(const Map& a, const Map& b) {
    if (a.size() != b.size()) return false;
    auto other = b.begin();
    for (const auto& value : a) {
        if (value != *other && !(*value == **other)) return false;
        ++other;
    }
    return true;
}

}  // namespace

const Broker* Image::broker(NodeId id) const {
    const auto* held = brokers_.find(id);
    return held == nullptr ? nullptr : held->get();
}

const Controller* Image::controller(NodeId id) const {
    const auto at = controllers_.find(id.value);
    return at == controllers_.end() ? nullptr : &at->second;
}

const Topic* Image::topic(std::string_view name) const {
    const auto* held = by_name_.find(name);
    return held == nullptr ? nullptr : held->get();
}

const Topic* Image::topic(TopicId id) const {
    const auto* held = by_id_.find(id);
    return held == nullptr ? nullptr : held->get();
}

std::shared_ptr<const Topic> Image::shared_topic(std::string_view name) const {
    const auto* held = by_name_.find(name);
    return held == nullptr ? nullptr : *held;
}

const ConfigResource* Image::config(ResourceType type, std::string_view name) const {
    const auto* held = configs_.find(ResourceKey::Key{type, name});
    return held == nullptr ? nullptr : held->get();
}

std::int16_t Image::feature_level(std::string_view name) const {
    const auto at = features_.find(name);
    return at == features_.end() ? std::int16_t{0} : at->second;
}

std::size_t Image::carried_count(std::int16_t type) const {
    std::size_t count = 0;
    for (auto at = carried_.lower_bound(CarriedKey::Key{type, ""}); at != carried_.end(); ++at) {
        if ((*at)->type != type) break;
        ++count;
    }
    return count;
}

bool Image::operator==(const Image& other) const {
    return position_ == other.position_ && same_values(brokers_, other.brokers_) &&
           controllers_ == other.controllers_ && same_values(by_name_, other.by_name_) &&
           same_values(configs_, other.configs_) && features_ == other.features_ &&
           next_producer_id_ == other.next_producer_id_ && same_values(carried_, other.carried_) &&
           unknown_records_ == other.unknown_records_;
}

}  // namespace cauce::metadata
