// One visit to each shard that has something to do for a request, all of them under way at once:
// what a handler does that asks for partitions of several shards. Lives in the handler's coroutine.
#pragma once

#include "runtime/shards.h"
#include "server/shard_services.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace cauce::server {

// `Plan` is what one shard is to do, `Answer` what it has to say; both cross shards by value.
template <typename Plan, typename Answer>
class ShardRound {
public:
    // What happens on each shard. A plain function: a coroutine must not refer to a lambda.
    using Work = Task<Answer> (*)(ShardServices& there, Plan plan);

    ShardRound(ShardServices& here, Work work) : here_(here), work_(work) {}

    // What `shard` is to do; made when it is asked for. A shard without a plan is not visited.
    Plan& plan(unsigned shard) { return plans_[shard]; }
    const std::map<unsigned, Plan>& plans() const { return plans_; }

    // Once. Every shard is told before any is awaited, and this one does its own part meanwhile.
    // The answers, in the order of the shards but for this one's, which comes first.
    Task<std::vector<Answer>> run() {
        std::vector<std::unique_ptr<runtime::ShardCall<Visit>>> calls;
        Plan* own = nullptr;
        for (auto& [shard, plan] : plans_) {
            if (shard == here_.shards.self()) {
                own = &plan;
                continue;
            }
            Visit visit{here_.peers[shard], work_, std::move(plan)};
            calls.push_back(
                std::make_unique<runtime::ShardCall<Visit>>(here_.shards, shard, std::move(visit)));
            calls.back()->begin();
        }
        std::vector<Answer> answers;
        answers.reserve(plans_.size());
        if (own != nullptr) answers.push_back(co_await work_(here_, std::move(*own)));
        for (auto& call : calls)
            answers.push_back(co_await call->finish());
        co_return answers;
    }

private:
    struct Visit {
        ShardServices* there;
        Work work;
        Plan plan;
        Task<Answer> operator()() { return work(*there, std::move(plan)); }
    };

    ShardServices& here_;
    const Work work_;
    std::map<unsigned, Plan> plans_;
};

}  // namespace cauce::server
