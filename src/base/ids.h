// Strong types for numbers that must not mix. A cast from the wire is explicit: Offset{field}.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace cauce::inline base {

// A record's place in a partition.
struct Offset {
    std::int64_t value = 0;

    constexpr auto operator<=>(const Offset&) const = default;
    constexpr Offset operator+(std::int64_t n) const { return {value + n}; }
    constexpr Offset operator-(std::int64_t n) const { return {value - n}; }
    constexpr std::int64_t operator-(Offset other) const { return value - other.value; }
};

// The reign of one leader of one partition; -1 = unknown or not asked for.
struct LeaderEpoch {
    std::int32_t value = -1;
    constexpr auto operator<=>(const LeaderEpoch&) const = default;
};

struct NodeId {
    std::int32_t value = -1;
    constexpr auto operator<=>(const NodeId&) const = default;
};

// -1 = the producer is not idempotent.
struct ProducerId {
    std::int64_t value = -1;
    constexpr auto operator<=>(const ProducerId&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, Offset v) {
    return out << v.value;
}
inline std::ostream& operator<<(std::ostream& out, LeaderEpoch v) {
    return out << v.value;
}
inline std::ostream& operator<<(std::ostream& out, NodeId v) {
    return out << v.value;
}
inline std::ostream& operator<<(std::ostream& out, ProducerId v) {
    return out << v.value;
}

// 128 bits; text form is URL-safe base64 without padding, 22 characters, as everywhere in Kafka.
struct Uuid {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    constexpr auto operator<=>(const Uuid&) const = default;
    constexpr bool is_zero() const { return high == 0 && low == 0; }
    std::string to_string() const;
    // Empty when `text` is not 22 characters of that alphabet.
    static std::optional<Uuid> parse(std::string_view text);
};

std::ostream& operator<<(std::ostream& out, const Uuid& v);

using TopicId = Uuid;

// A topic's name and a partition's number in it; owns its name.
struct TopicPartition {
    std::string topic;
    std::int32_t partition = 0;

    auto operator<=>(const TopicPartition&) const = default;
    // "blog-0", the name of its folder.
    std::string to_string() const { return topic + "-" + std::to_string(partition); }
};

inline std::ostream& operator<<(std::ostream& out, const TopicPartition& v) {
    return out << v.topic << '-' << v.partition;
}

}  // namespace cauce::inline base

template <>
struct std::hash<cauce::Uuid> {
    // Ids are random bits already.
    std::size_t operator()(const cauce::Uuid& id) const noexcept { return id.high ^ id.low; }
};

template <>
struct std::hash<cauce::TopicPartition> {
    std::size_t operator()(const cauce::TopicPartition& tp) const noexcept {
        return std::hash<std::string>()(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
    }
};
