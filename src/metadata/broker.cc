#include "metadata/broker.h"

#include <algorithm>

namespace cauce::metadata {

const Endpoint* Broker::endpoint(std::string_view listener) const {
    const auto at = std::ranges::find(endpoints, listener, &Endpoint::listener);
    return at == endpoints.end() ? nullptr : &*at;
}

}  // namespace cauce::metadata
