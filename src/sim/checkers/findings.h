// What a run found wrong. The first finding ends the run.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {

class Findings {
public:
    void add(std::string text) { texts_.push_back(std::move(text)); }
    bool empty() const { return texts_.empty(); }
    const std::vector<std::string>& texts() const { return texts_; }

private:
    std::vector<std::string> texts_;
};

}  // namespace cauce::sim
