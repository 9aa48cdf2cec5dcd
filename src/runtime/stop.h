// Stop: "finish what you do and leave", asked once by the owner, seen by everyone who holds a
// reference. Same shard only. Long waits end by a callback: StopCallback wakes what the holder
// waits on.
#pragma once

#include "runtime/event.h"

#include <functional>
#include <utility>

namespace cauce::runtime {

class Stop {
public:
    // Called once, at request() or at once when it was requested already. Destroying it forgets it.
    class Callback {
    public:
        Callback(Stop& stop, std::function<void()> call) : stop_(&stop), call_(std::move(call)) {
            if (stop.requested_) {
                stop_ = nullptr;
                call_();
                return;
            }
            next_ = stop.first_;
            if (next_) next_->previous_ = this;
            stop.first_ = this;
        }
        Callback(const Callback&) = delete;
        ~Callback() { unlink(); }

    private:
        friend class Stop;
        void unlink() {
            if (!stop_) return;
            (previous_ ? previous_->next_ : stop_->first_) = next_;
            if (next_) next_->previous_ = previous_;
            stop_ = nullptr;
        }
        Stop* stop_;
        std::function<void()> call_;
        Callback* next_ = nullptr;
        Callback* previous_ = nullptr;
    };

    Stop() = default;
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;
    ~Stop() {
        while (first_)
            first_->unlink();
    }

    bool requested() const { return requested_; }

    void request() {
        if (requested_) return;
        requested_ = true;
        while (first_) {
            Callback* callback = first_;
            callback->unlink();
            callback->call_();
        }
        event_.set();
    }

    // Ends when it is requested.
    Event::Wait wait() { return event_.wait(); }
    // Sleeps until `deadline`: true when woken by a request, false when the time came.
    Event::Wait wait_until(Timers& timers, MonoTime deadline) {
        return event_.wait_until(timers, deadline);
    }

private:
    bool requested_ = false;
    Event event_;
    Callback* first_ = nullptr;
};

}  // namespace cauce::runtime
