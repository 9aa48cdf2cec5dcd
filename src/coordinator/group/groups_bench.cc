// What the everyday requests of a consumer cost with 10,000 groups in one partition.
#include "base/check.h"
#include "coordinator/group/groups.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/offset_commit_request.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace cauce::coordinator::group {
namespace {

constexpr int kGroups = 10'000;
constexpr Now kNow{MonoTime{seconds(1)}, WallTime{1'700'000'000'000}};

// 10,000 groups of one member each, in generation 1, as the log has them.
struct Many {
    Many() {
        for (int i = 0; i < kGroups; ++i) {
            ids.push_back("consumer-group-number-" + std::to_string(i));
            members.push_back("client-00000000-0000-4000-8000-" + std::to_string(i));
            wire::GroupMetadataValue value;
            value.protocol_type = "consumer";
            value.generation = 1;
            value.protocol = "range";
            value.leader = members.back();
            auto& member = value.members.emplace_back();
            member.member_id = members.back();
            member.session_timeout = 45'000;
            records.group_metadata(ids.back(), value);
        }
        load(groups);
    }
    void load(Groups& into) const {
        for (std::size_t i = 0; i < records.size(); ++i)
            into.replay(records[i], Offset{static_cast<std::int64_t>(i)});
        Effects effects;
        into.loaded(kNow, effects);
    }

    const GroupConfig config;
    Groups groups{config, Logger()};
    RecordList records;
    std::vector<std::string> ids;
    std::vector<std::string> members;
};

Many& many() {
    static Many made;
    return made;
}

void BM_Heartbeat(benchmark::State& state) {
    Many& all = many();
    std::size_t i = 0;
    wire::HeartbeatRequest request;
    request.generation_id = 1;
    for (auto _ : state) {
        i = (i + 7'919) % kGroups;
        request.group_id = all.ids[i];
        request.member_id = all.members[i];
        const HeartbeatReply reply = all.groups.heartbeat(request, kNow);
        CHECK(reply.error == ErrorCode::none);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Heartbeat);

// One request that commits `partitions` positions: checked, encoded, and applied from its records.
void BM_Commit(benchmark::State& state) {
    Many& all = many();
    std::size_t i = 0;
    wire::OffsetCommitRequest request;
    request.generation_id_or_member_epoch = 1;
    auto& topic = request.topics.emplace_back();
    topic.name = "a-topic-with-a-name";
    for (std::int32_t p = 0; p < state.range(0); ++p)
        topic.partitions.emplace_back().partition_index = p;
    std::int64_t offset = 0;
    for (auto _ : state) {
        i = (i + 7'919) % kGroups;
        request.group_id = all.ids[i];
        request.member_id = all.members[i];
        for (auto& partition : topic.partitions)
            partition.committed_offset = ++offset;
        const CommitPlan plan = all.groups.commit(request, 9, kNow);
        for (std::size_t r = 0; r < plan.records.size(); ++r)
            all.groups.replay(plan.records[r], Offset{offset});
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Commit)->Arg(1)->Arg(10)->Arg(100);

// Asking for the next deadline, and a tick that finds nothing due.
void BM_IdleTick(benchmark::State& state) {
    Many& all = many();
    Effects effects;
    for (auto _ : state) {
        benchmark::DoNotOptimize(all.groups.next_deadline());
        all.groups.tick(kNow, effects);
    }
}
BENCHMARK(BM_IdleTick);

// A coordinator that takes over.
void BM_Load(benchmark::State& state) {
    Many& all = many();
    for (auto _ : state) {
        Groups groups(all.config, Logger());
        all.load(groups);
        benchmark::DoNotOptimize(groups.size());
    }
    state.SetItemsProcessed(state.iterations() * kGroups);
}
BENCHMARK(BM_Load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cauce::coordinator::group
