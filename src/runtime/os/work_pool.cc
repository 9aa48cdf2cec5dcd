#include "runtime/os/work_pool.h"

#include "runtime/os/shard.h"

#include <algorithm>
#include <sys/resource.h>

namespace cauce::runtime::os {
namespace {

// So much nicer than the shards: about a tenth of a processor when they want all of it.
constexpr int kComputeNicer = 10;
constexpr int kNicest = 19;

}  // namespace

void Work::arrive(Shards&) {
    home_.work_came_home();
    came_home();
}

WorkPool::~WorkPool() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        changed_.notify_all();
        compute_changed_.notify_all();
    }
    for (const pthread_t thread : threads_)
        ::pthread_join(thread, nullptr);
    if (compute_thread_) ::pthread_join(*compute_thread_, nullptr);
    for (const auto& lane : waiting_)
        CHECK(lane.empty());
}

void WorkPool::submit(Lane lane, Work& work) {
    work.home_.work_left();
    const auto index = static_cast<std::size_t>(lane);
    std::unique_lock lock(mutex_);
    waiting_[index].push_back(&work);
    if (lane == Lane::compute) {
        submit_compute(lock);
        return;
    }
    if (startable() <= idle_) {
        changed_.notify_one();
        return;
    }
    if (threads_.size() == kThreadsMax) return;
    pthread_t thread{};
    if (::pthread_create(&thread, nullptr, &WorkPool::thread_main, this) == 0) {
        threads_.push_back(thread);
    } else if (threads_.empty()) {
        // The machine gives no thread at all: slow is better than stuck.
        perform_next(index, lock);
    }
}

void WorkPool::submit_compute(std::unique_lock<std::mutex>& lock) {
    if (compute_thread_) {
        compute_changed_.notify_one();
        return;
    }
    pthread_t thread{};
    if (::pthread_create(&thread, nullptr, &WorkPool::compute_main, this) == 0)
        compute_thread_ = thread;
    else
        perform_next(kCompute, lock);
}

void* WorkPool::compute_main(void* pool) {
    ::pthread_setname_np(::pthread_self(), "cauce-compute");
    // Of this thread alone.
    const int nice = ::getpriority(PRIO_PROCESS, 0) + kComputeNicer;
    ::setpriority(PRIO_PROCESS, 0, std::min(nice, kNicest));
    static_cast<WorkPool*>(pool)->serve_compute();
    return nullptr;
}

void WorkPool::serve_compute() {
    std::unique_lock lock(mutex_);
    while (true) {
        if (!waiting_[kCompute].empty()) {
            perform_next(kCompute, lock);
            continue;
        }
        if (ending_) return;
        compute_changed_.wait(lock);
    }
}

void* WorkPool::thread_main(void* pool) {
    ::pthread_setname_np(::pthread_self(), "cauce-work");
    static_cast<WorkPool*>(pool)->serve();
    return nullptr;
}

void WorkPool::serve() {
    std::unique_lock lock(mutex_);
    while (true) {
        if (const std::optional<std::size_t> lane = next_lane()) {
            perform_next(*lane, lock);
            continue;
        }
        if (ending_) return;
        ++idle_;
        changed_.wait(lock);
        --idle_;
    }
}

std::optional<std::size_t> WorkPool::next_lane() const {
    for (std::size_t lane = 0; lane < kCompute; ++lane) {
        if (!waiting_[lane].empty() && busy_[lane] < kBusyMax[lane]) return lane;
    }
    return std::nullopt;
}

std::size_t WorkPool::startable() const {
    std::size_t count = 0;
    for (std::size_t lane = 0; lane < kCompute; ++lane)
        count += std::min(waiting_[lane].size(), kBusyMax[lane] - busy_[lane]);
    return count;
}

void WorkPool::perform_next(std::size_t lane, std::unique_lock<std::mutex>& lock) {
    Work& work = *waiting_[lane].front();
    waiting_[lane].pop_front();
    ++busy_[lane];
    lock.unlock();
    Shard& home = work.home_;
    work.perform();
    home.deliver(work);  // may be gone from here on
    lock.lock();
    --busy_[lane];
}

}  // namespace cauce::runtime::os
