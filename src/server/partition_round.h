// The partitions of a request, each asked where it lives: one visit to each shard that owns some of
// them, answers in the order of the request. Most APIs about partitions are a question, an answer
// and what one partition does about them; the rest is here. (Produce and Fetch have their own way:
// the one appends to all before it waits, the other waits for any.)
//
//     PartitionRound<Question, Answer> round(here, find);   // Task<Result<Answer>> find(...)
//     for each partition of the request: round.ask(topic, partition, question);
//     auto answers = co_await round.answers();
//
// Lives in the handler's coroutine.
#pragma once

#include "base/result.h"
#include "metadata/image.h"
#include "replica/partition_table.h"
#include "server/shard_round.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::server {

// `Question` and `Answer` cross shards by value.
template <typename Question, typename Answer>
class PartitionRound {
public:
    // On the partition's shard. It stays hosted until the task has ended; whether it leads is the
    // task's to ask (Partition::check_leads).
    using Work = Task<Result<Answer>> (*)(replica::Partition& partition, Question question);

    PartitionRound(ShardServices& here, Work work)
        : here_(here), work_(work), round_(here, visit) {}

    // The next partition of the request. What the cluster does not have is answered
    // UNKNOWN_TOPIC_OR_PARTITION, what this node does not host NOT_LEADER_OR_FOLLOWER.
    void ask(std::string_view topic, std::int32_t partition, Question question) {
        const metadata::Topic* known = here_.image->topic(topic);
        if (known == nullptr || known->find(partition) == nullptr) {
            refuse({ErrorCode::unknown_topic_or_partition,
                    "This server does not host this topic-partition."});
            return;
        }
        const unsigned owner = replica::shard_of(known->id(), partition, here_.shards.count());
        Plan& plan = round_.plan(owner);
        plan.work = work_;
        plan.items.push_back({answers_.size(), known->id(), partition, std::move(question)});
        answers_.emplace_back(std::unexpected(Error()));
    }

    // The next one is not asked: this is its answer.
    void refuse(Error error) { answers_.emplace_back(std::unexpected(std::move(error))); }

    // One for each ask() and refuse(), in their order. Once.
    Task<std::vector<Result<Answer>>> answers() {
        auto shards = co_await round_.run();
        for (std::vector<Said>& shard : shards) {
            for (Said& said : shard)
                answers_[said.index] = std::move(said.answer);
        }
        co_return std::move(answers_);
    }

private:
    struct Item {
        std::size_t index = 0;  // in answers_
        TopicId topic_id;
        std::int32_t partition = 0;
        Question question;
    };
    struct Plan {
        Work work = nullptr;
        std::vector<Item> items;
    };
    struct Said {
        std::size_t index = 0;
        Result<Answer> answer;
    };

    static Task<std::vector<Said>> visit(ShardServices& there, Plan plan) {
        std::vector<Said> all;
        all.reserve(plan.items.size());
        for (Item& item : plan.items) {
            Said said{item.index, std::unexpected(not_hosted())};
            const auto partition = there.partitions.find(item.topic_id, item.partition);
            if (partition) said.answer = co_await plan.work(*partition, std::move(item.question));
            all.push_back(std::move(said));
        }
        co_return all;
    }

    static Error not_hosted() {
        return {ErrorCode::not_leader_or_follower,
                "this node does not serve the partition (yet, or any more)"};
    }

    ShardServices& here_;
    const Work work_;
    ShardRound<Plan, std::vector<Said>> round_;
    std::vector<Result<Answer>> answers_;
};

}  // namespace cauce::server
