#include "storage/flush.h"

#include "base/check.h"
#include "base/mutant.h"
#include "base/sim_maybe.h"

#include <utility>

namespace cauce::storage {

Flushable::~Flushable() {
    if (flusher_ == nullptr) return;
    if (gathering_place_ != kNowhere) flusher_->gathering_[gathering_place_] = nullptr;
    if (running_place_ != kNowhere) flusher_->running_[running_place_] = nullptr;
}

Flusher::Flusher(runtime::Shards& shards, std::function<void(const IoError&)> failed)
    : shards_(shards),
      failed_(std::move(failed)),
      rounds_task_(shards.ready()),
      members_(shards.ready()) {}

Flusher::~Flusher() {
    // Members that outlive it, as after a simulated crash, must not reach back.
    for (auto* places : {&gathering_, &running_})
        for (Flushable* member : *places)
            if (member != nullptr) member->flusher_ = nullptr;
}

void Flusher::enter(Flushable& dirty) {
    if (dead_ || dirty.gathering_place_ != Flushable::kNowhere) return;
    CHECK(dirty.flusher_ == nullptr || dirty.flusher_ == this);
    dirty.flusher_ = this;
    dirty.gathering_place_ = gathering_.size();
    gathering_.push_back(&dirty);
    if (active_) return;
    active_ = true;
    rounds_task_.spawn(run_rounds());
}

runtime::Task<void> Flusher::run_rounds() {
    while (!gathering_.empty() && !dead_) {
        if (sim_maybe("flush.gather_longer")) co_await runtime::yield();
        ++rounds_;
        CHECK(running_.empty());
        running_.swap(gathering_);
        for (std::size_t place = 0; place < running_.size(); ++place) {
            Flushable* member = running_[place];
            if (member == nullptr) continue;
            member->gathering_place_ = Flushable::kNowhere;
            member->running_place_ = place;
        }
        for (std::size_t place = 0; place < running_.size(); ++place)
            if (running_[place] != nullptr) members_.spawn(flush_member(place));
        co_await members_.join();
        running_.clear();
        if (std::exchange(postponed_, false))
            co_await shards_.sleep_until(shards_.clock().now() + kPostponed);
    }
    active_ = false;
    quiet_.notify_all();
}

runtime::Task<void> Flusher::flush_member(std::size_t place) {
    if (dead_ || running_[place] == nullptr) co_return;
    IoResult<Flushed> flushed = co_await running_[place]->flush();
    if (!flushed && CAUCE_MUTANT("failed-flush-ignored")) flushed = Flushed::all;
    if (!flushed) fail(flushed.error());
    Flushable* member = running_[place];
    if (member == nullptr) co_return;
    running_[place] = nullptr;
    member->running_place_ = Flushable::kNowhere;
    // After a failure nobody's flush counts, even one that ended well: fail() told them.
    if (dead_) co_return;
    if (*flushed == Flushed::all) {
        member->flush_done();
        co_return;
    }
    postponed_ = true;
    enter(*member);
    member->flush_postponed();
}

void Flusher::fail(const IoError& error) {
    if (dead_) return;
    dead_ = true;
    failed_(error);
    // Told later members may be destroyed by what an earlier one does; places go null then.
    for (std::size_t i = 0; i < running_.size(); ++i)
        if (running_[i] != nullptr) running_[i]->flush_failed(error);
    for (std::size_t i = 0; i < gathering_.size(); ++i) {
        if (gathering_[i] == nullptr) continue;
        Flushable* member = std::exchange(gathering_[i], nullptr);
        const bool told = member->running_place_ != Flushable::kNowhere;
        member->gathering_place_ = Flushable::kNowhere;
        if (!told) member->flush_failed(error);
    }
}

runtime::Task<void> Flusher::drain() {
    while (active_)
        co_await quiet_.wait();
}

}  // namespace cauce::storage
