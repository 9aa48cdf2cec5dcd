// One shard driven by hand, and a log of `__consumer_offsets` in memory.
#pragma once

#include "base/check.h"
#include "coordinator/offsets_log.h"
#include "runtime/clock.h"
#include "runtime/event.h"
#include "runtime/random.h"
#include "runtime/shards.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::coordinator::testing {

class OneShard final : public runtime::Shards, private runtime::Clock {
public:
    unsigned count() const override { return 1; }
    unsigned self() const override { return 0; }
    runtime::ReadyQueue& ready() override { return ready_; }
    runtime::Timers& timers() override { return timers_; }
    const runtime::Clock& clock() const override { return *this; }
    runtime::Random& random() override { return random_; }
    void post(unsigned, runtime::ShardMessage&) override { CHECK(false, "there is one shard"); }
    runtime::TaskGroup& calls() override { return calls_; }

    MonoTime now() const override { return now_; }
    WallTime wall() const override {
        return {1'700'000'000'000 +
                std::chrono::duration_cast<milliseconds>(now_.since_start).count()};
    }

    void drain() {
        while (ready_.run_one()) {
        }
    }
    // Lets time pass, stopping at every deadline.
    void pass(milliseconds span) {
        const MonoTime end = now_ + span;
        drain();
        while (timers_.next_deadline() && *timers_.next_deadline() <= end) {
            now_ = std::max(now_, *timers_.next_deadline());
            ++alarms;
            timers_.fire(now_);
            drain();
        }
        now_ = end;
    }

    int alarms = 0;

private:
    MonoTime now_{seconds(100)};
    runtime::ReadyQueue ready_;
    runtime::Timers timers_;
    runtime::Random random_{1};
    runtime::TaskGroup calls_{ready_};
};

class MemoryLog final : public OffsetsLog {
public:
    explicit MemoryLog(OneShard& shard) : shard_(shard) {}

    runtime::Task<Result<Offset>> append(Buffer batch) override {
        CHECK(!appending_, "one append at a time");
        appending_ = true;
        const Result<Offset> result = co_await do_append(std::move(batch));
        appending_ = false;
        co_return result;
    }

    runtime::Task<Result<void>> read_all(BatchSink& sink) override {
        while (hold_reads) {
            co_await moved_.wait();
            if (lost) co_return fail(ErrorCode::not_leader_or_follower, "no leader any more");
        }
        if (read_error) co_return fail(*read_error, "cannot be read");
        // Two batches at a time.
        for (std::size_t i = 0; i < batches.size(); i += 2) {
            Buffer chunk = batches[i];
            if (i + 1 < batches.size()) {
                chunk.insert(chunk.end(), batches[i + 1].begin(), batches[i + 1].end());
            }
            if (!sink.on_batches(chunk)) break;
            co_await runtime::yield();
        }
        co_return Result<void>{};
    }

    // Lets waiting calls look again at what has been changed here.
    void moved() {
        moved_.notify_all();
        shard_.drain();
    }
    void lose_leadership() {
        lost = true;
        moved();
    }

    std::size_t records() const {
        std::size_t sum = 0;
        for (const Buffer& batch : batches)
            sum += static_cast<std::size_t>(wire::parse_batch(batch)->count());
        return sum;
    }

    std::vector<Buffer> batches;
    int appends = 0;
    bool hold_appends = false;
    bool hold_reads = false;
    bool lost = false;
    std::optional<ErrorCode> append_error;
    std::optional<ErrorCode> read_error;

private:
    runtime::Task<Result<Offset>> do_append(Buffer batch) {
        ++appends;
        const Result<wire::BatchHeader> header = wire::parse_batch(batch);
        CHECK(header && wire::check_batch(*header), "not a sound batch");
        if (append_error) co_return fail(*append_error, "refused");
        while (hold_appends && !lost)
            co_await moved_.wait();
        if (lost) co_return fail(ErrorCode::not_leader_or_follower, "no leader any more");
        const Offset base{static_cast<std::int64_t>(records())};
        wire::patch_base_offset(batch, base);
        batches.push_back(std::move(batch));
        co_return base;
    }

    OneShard& shard_;
    runtime::WaitList moved_;
    bool appending_ = false;
};

}  // namespace cauce::coordinator::testing
