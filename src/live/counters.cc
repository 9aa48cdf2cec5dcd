#include "live/counters.h"

#include <algorithm>

namespace cauce::live {

Edge& Edges::of(ClientToken client, EdgeKind kind) {
    const auto matches = [&](const Edge& edge) {
        return edge.client == client && edge.kind == kind;
    };
    if (last_ < edges_.size() && matches(edges_[last_])) return edges_[last_];
    auto found = std::ranges::find_if(edges_, matches);
    if (found == edges_.end()) {
        if (edges_.size() >= kMax)
            edges_.erase(std::ranges::min_element(edges_, {}, &Edge::requests));
        Edge& made = edges_.emplace_back();
        made.client = client;
        made.kind = kind;
        found = edges_.end() - 1;
    }
    last_ = static_cast<std::size_t>(found - edges_.begin());
    return *found;
}

}  // namespace cauce::live
