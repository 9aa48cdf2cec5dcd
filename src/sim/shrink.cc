#include "sim/shrink.h"

#include <algorithm>
#include <utility>

namespace cauce::sim {

namespace {

class Search {
public:
    Search(CrashRunOptions failed, const std::function<bool(const CrashRunOptions&)>& fails,
           int tries)
        : smallest_(std::move(failed)), fails_(fails), tries_(tries) {}

    // Keeps the change when it still fails.
    bool attempt(const std::function<void(Reductions&)>& change) {
        CrashRunOptions smaller = smallest_;
        change(smaller.reductions);
        if (smaller.reductions == smallest_.reductions || tries_ == 0) return false;
        --tries_;
        if (!fails_(smaller)) return false;
        smallest_ = std::move(smaller);
        return true;
    }

    // The smallest number from `low` on that still fails, when `now` does: halves the distance.
    void lessen(std::size_t Reductions::* which, std::size_t low, std::size_t now) {
        while (low < now) {
            const std::size_t middle = low + (now - low) / 2;
            if (attempt([&](Reductions& less) { less.*which = middle; })) {
                now = middle;
            } else {
                low = middle + 1;
            }
        }
    }

    CrashRunOptions& smallest() { return smallest_; }

private:
    CrashRunOptions smallest_;
    const std::function<bool(const CrashRunOptions&)>& fails_;
    int tries_;
};

}  // namespace

CrashRunOptions shrink(CrashRunOptions failed, const FaultCounts& faults,
                       const std::function<bool(const CrashRunOptions&)>& fails, int tries) {
    Search search(std::move(failed), fails, tries);
    const CrashRunOptions& options = search.smallest();
    const auto plan = [&] { return draw_plan(options.seed, options.deaths, options.reductions); };
    // The first faults of a run are those that a shorter one has too.
    search.lessen(&Reductions::faults_max, 0, plan().faults);
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        if (faults.of(fault) == 0) continue;
        search.attempt([&](Reductions& less) { less.without.insert(fault); });
    }
    search.attempt([](Reductions& less) { less.churn = false; });
    search.lessen(&Reductions::members_max, 0, plan().members);
    search.lessen(&Reductions::readers_max, 0, plan().readers);
    search.lessen(&Reductions::producers_max, 1, plan().producers.size());
    return search.smallest();
}

}  // namespace cauce::sim
