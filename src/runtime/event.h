// Waiting inside one shard.
//   WaitList  wakes whoever waits at this moment; keeps no state.
//   Event     set or not set; waiting for a set one does not suspend.
// A wait may have a deadline; it then tells whether it was woken (true) or ran out of time (false).
#pragma once

#include "base/time.h"
#include "runtime/task.h"
#include "runtime/timers.h"

namespace cauce::runtime {

class WaitList {
public:
    class Wait {
    public:
        Wait(WaitList& list, Timers* timers, MonoTime deadline)
            : list_(&list), timers_(timers), deadline_(deadline), timer_(this) {}
        Wait(const Wait&) = delete;
        ~Wait() { unlink(); }

        bool await_ready() const noexcept { return false; }
        template <typename ParentPromise>
        void await_suspend(std::coroutine_handle<ParentPromise> handle) {
            resumption_.arm(handle);
            previous_ = list_->last_;
            (previous_ ? previous_->next_ : list_->first_) = this;
            list_->last_ = this;
            linked_ = true;
            if (timers_) timers_->arm(timer_, deadline_);
        }
        // True when notified, false when the deadline passed first.
        bool await_resume() const noexcept { return notified_; }

    private:
        friend class WaitList;

        struct Deadline : Timer {
            explicit Deadline(Wait* wait) : Timer(&Deadline::fired), owner(wait) {}
            static void fired(Timer* self) {
                Wait* wait = static_cast<Deadline*>(self)->owner;
                wait->unlink();
                wait->resumption_.wake();
            }
            Wait* owner;
        };

        void unlink() {
            if (!linked_) return;
            (previous_ ? previous_->next_ : list_->first_) = next_;
            (next_ ? next_->previous_ : list_->last_) = previous_;
            next_ = previous_ = nullptr;
            linked_ = false;
        }

        WaitList* list_;
        Timers* timers_;
        MonoTime deadline_;
        Deadline timer_;
        Resumption resumption_;
        Wait* next_ = nullptr;
        Wait* previous_ = nullptr;
        bool linked_ = false;
        bool notified_ = false;
    };

    WaitList() = default;
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;
    ~WaitList() {
        while (first_)
            first_->unlink();
    }

    bool empty() const { return first_ == nullptr; }

    Wait wait() { return Wait(*this, nullptr, MonoTime::never()); }
    Wait wait_until(Timers& timers, MonoTime deadline) { return Wait(*this, &timers, deadline); }

    // Wakes all that wait now; they run later, in the order in which they came.
    void notify_all() {
        while (first_)
            wake(*first_);
    }

    void notify_one() {
        if (first_) wake(*first_);
    }

private:
    static void wake(Wait& wait) {
        wait.unlink();
        wait.timer_.disarm();
        wait.notified_ = true;
        wait.resumption_.wake();
    }

    Wait* first_ = nullptr;
    Wait* last_ = nullptr;
};

class Event {
public:
    bool is_set() const { return set_; }
    void set() {
        set_ = true;
        waiting_.notify_all();
    }
    void reset() { set_ = false; }

    class Wait {
    public:
        Wait(Event& event, Timers* timers, MonoTime deadline)
            : event_(event), wait_(event.waiting_, timers, deadline) {}
        bool await_ready() const noexcept { return event_.set_; }
        template <typename ParentPromise>
        void await_suspend(std::coroutine_handle<ParentPromise> handle) {
            wait_.await_suspend(handle);
        }
        bool await_resume() const noexcept { return wait_.await_resume() || event_.set_; }

    private:
        Event& event_;
        WaitList::Wait wait_;
    };

    Wait wait() { return Wait(*this, nullptr, MonoTime::never()); }
    Wait wait_until(Timers& timers, MonoTime deadline) { return Wait(*this, &timers, deadline); }

private:
    WaitList waiting_;
    bool set_ = false;
};

}  // namespace cauce::runtime
