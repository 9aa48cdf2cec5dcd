// Channel<T>: a bounded queue between tasks of one shard. Closing it lets the receiver take what is
// left.
#pragma once

#include "runtime/event.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace cauce::runtime {

template <typename T>
class Channel {
public:
    explicit Channel(std::size_t capacity) : capacity_(capacity) {}

    // Waits for room. False when the channel is closed; the value is lost then.
    Task<bool> send(T value) {
        while (!closed_ && items_.size() >= capacity_)
            co_await room_.wait();
        if (closed_) co_return false;
        items_.push_back(std::move(value));
        arrived_.notify_one();
        co_return true;
    }

    // Without waiting: false when full or closed.
    bool try_send(T value) {
        if (closed_ || items_.size() >= capacity_) return false;
        items_.push_back(std::move(value));
        arrived_.notify_one();
        return true;
    }

    // The next value; nothing when the channel is closed and empty.
    Task<std::optional<T>> receive() {
        while (items_.empty() && !closed_)
            co_await arrived_.wait();
        if (items_.empty()) co_return std::nullopt;
        std::optional<T> value(std::move(items_.front()));
        items_.pop_front();
        room_.notify_one();
        co_return value;
    }

    void close() {
        closed_ = true;
        arrived_.notify_all();
        room_.notify_all();
    }

    std::size_t size() const { return items_.size(); }
    bool closed() const { return closed_; }

private:
    std::size_t capacity_;
    std::deque<T> items_;
    bool closed_ = false;
    WaitList arrived_;
    WaitList room_;
};

}  // namespace cauce::runtime
