// Deadlines of one shard. The owner of the shard (runtime/os, sim) asks next_deadline() and calls
// fire(now); nothing here reads a clock.
#pragma once

#include "base/time.h"
#include "runtime/task.h"

#include <map>
#include <optional>

namespace cauce::runtime {

class Timers;

// A deadline that calls back. Destroying it disarms it.
class Timer {
public:
    using Fire = void (*)(Timer*);
    explicit Timer(Fire fire) : fire_(fire) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { disarm(); }

    bool armed() const { return timers_ != nullptr; }
    void disarm();

private:
    friend class Timers;
    Fire fire_;
    Timers* timers_ = nullptr;
    std::multimap<MonoTime, Timer*>::iterator place_;
};

class Timers {
public:
    Timers() = default;
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers() {
        while (!armed_.empty())
            armed_.begin()->second->disarm();
    }

    // MonoTime::never() does not arm. Timers of one deadline fire in the order in which they were
    // armed.
    void arm(Timer& timer, MonoTime deadline) {
        timer.disarm();
        if (deadline == MonoTime::never()) return;
        timer.timers_ = this;
        timer.place_ = armed_.emplace(deadline, &timer);
    }

    std::optional<MonoTime> next_deadline() const {
        if (armed_.empty()) return std::nullopt;
        return armed_.begin()->first;
    }

    // Fires all that are due.
    void fire(MonoTime now) {
        while (!armed_.empty() && armed_.begin()->first <= now) {
            Timer* timer = armed_.begin()->second;
            timer->disarm();
            timer->fire_(timer);
        }
    }

private:
    friend class Timer;
    std::multimap<MonoTime, Timer*> armed_;
};

inline void Timer::disarm() {
    if (timers_ == nullptr) return;
    timers_->armed_.erase(place_);
    timers_ = nullptr;
}

}  // namespace cauce::runtime
