// InlineList<T, N>: a list of few trivially copyable values, the first N without an allocation of
// their own. What a partition keeps per replica: at a million partitions a std::vector each would
// cost more than what it holds.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

namespace cauce::metadata {

template <typename T, std::size_t N>
class InlineList {
    static_assert(std::is_trivially_copyable_v<T> && N * sizeof(T) >= sizeof(T*));

public:
    InlineList() = default;
    InlineList(std::initializer_list<T> values) {
        assign(std::span(values.begin(), values.size()));
    }
    explicit InlineList(std::span<const T> values) { assign(values); }
    explicit InlineList(const std::vector<T>& values) { assign(std::span<const T>(values)); }
    InlineList(const InlineList& other) { assign(other.span()); }
    InlineList(InlineList&& other) noexcept { take(other); }
    InlineList& operator=(const InlineList& other) {
        if (this != &other) {
            release();
            assign(other.span());
        }
        return *this;
    }
    InlineList& operator=(InlineList&& other) noexcept {
        if (this != &other) {
            release();
            take(other);
        }
        return *this;
    }
    ~InlineList() { release(); }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    const T& operator[](std::size_t i) const { return data()[i]; }
    const T& front() const { return data()[0]; }
    std::span<const T> span() const { return {data(), size_}; }
    std::vector<T> to_vector() const { return {begin(), end()}; }
    bool contains(const T& value) const { return std::find(begin(), end(), value) != end(); }

    bool operator==(const InlineList& other) const {
        return std::ranges::equal(span(), other.span());
    }

private:
    bool on_heap() const { return size_ > N; }

    const T* data() const {
        if (!on_heap()) return reinterpret_cast<const T*>(space_);
        T* heap;
        std::memcpy(&heap, space_, sizeof(heap));
        return heap;
    }

    // From the empty state.
    void assign(std::span<const T> values) {
        size_ = static_cast<std::uint32_t>(values.size());
        unsigned char* to = space_;
        if (on_heap()) {
            auto* heap = static_cast<T*>(::operator new(values.size_bytes()));
            std::memcpy(space_, &heap, sizeof(heap));
            to = reinterpret_cast<unsigned char*>(heap);
        }
        if (!values.empty()) std::memcpy(to, values.data(), values.size_bytes());
    }

    void take(InlineList& other) {
        std::memcpy(space_, other.space_, sizeof(space_));
        size_ = other.size_;
        other.size_ = 0;
    }

    void release() {
        if (on_heap()) ::operator delete(const_cast<T*>(data()));
        size_ = 0;
    }

    std::uint32_t size_ = 0;
    alignas(alignof(T)) unsigned char space_[N * sizeof(T)];
};

}  // namespace cauce::metadata
