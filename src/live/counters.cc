#include "live/counters.h"

#include <algorithm>

namespace cauce::live {

Edge& Edges::take_turn(ClientToken client) {
    auto found = std::ranges::find(edges_, client, &Edge::client);
    if (found == edges_.end()) {
        if (edges_.size() < kMax) {
            edges_.emplace_back();
            found = edges_.end() - 1;
        } else {
            found = std::ranges::min_element(edges_, {}, &Edge::turn);
            *found = Edge();
        }
        found->client = client;
    }
    found->turn = ++turns_;
    last_ = &*found;
    return *found;
}

void Edges::forget() {
    edges_.clear();
    last_ = nullptr;
}

}  // namespace cauce::live
