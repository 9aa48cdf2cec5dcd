#include "wire/api_table.h"

#include "base/check.h"

#include <algorithm>

namespace cauce::wire {

const ApiInfo* find_api(std::int16_t key) {
    const auto apis = all_apis();
    const auto found = std::ranges::lower_bound(
        apis, key, {}, [](const ApiInfo& api) { return static_cast<std::int16_t>(api.key); });
    if (found == apis.end() || static_cast<std::int16_t>(found->key) != key) return nullptr;
    return &*found;
}

const ApiInfo& find_api(ApiKey key) {
    const ApiInfo* api = find_api(static_cast<std::int16_t>(key));
    CHECK(api != nullptr, static_cast<std::int16_t>(key));
    return *api;
}

}  // namespace cauce::wire
