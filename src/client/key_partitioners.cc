#include "client/key_partitioners.h"

#include "base/check.h"
#include "client/partitioner.h"

namespace cauce::client {
namespace {

// The CRC of gzip and Ethernet, bit by bit: keys are short and asked for one at a time.
std::uint32_t crc32(BytesView bytes) {
    constexpr std::uint32_t kPolynomial = 0xedb88320;
    std::uint32_t crc = 0xffffffff;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    }
    return ~crc;
}

std::uint32_t fnv1a(BytesView bytes) {
    constexpr std::uint32_t kStart = 0x811c9dc5;
    constexpr std::uint32_t kPrime = 0x01000193;
    std::uint32_t hash = kStart;
    for (const std::uint8_t byte : bytes)
        hash = (hash ^ byte) * kPrime;
    return hash;
}

std::int32_t by_crc32(BytesView key, std::int32_t partitions) {
    CHECK(partitions > 0, partitions);
    return static_cast<std::int32_t>(crc32(key) % static_cast<std::uint32_t>(partitions));
}

// The hash is taken as a signed number and the remainder's sign dropped.
std::int32_t by_fnv1a(BytesView key, std::int32_t partitions) {
    CHECK(partitions > 0, partitions);
    const std::int32_t rest = static_cast<std::int32_t>(fnv1a(key)) % partitions;
    return rest < 0 ? -rest : rest;
}

constexpr KeyPartitioner kPartitioners[] = {
    {"murmur2", "Java, Kafka Streams, Cauce, franz-go, KafkaJS, kafka-python", partition_for_key},
    {"crc32", "librdkafka: Python, .NET and Go of Confluent, node-rdkafka, kcat, Rust", by_crc32},
    {"fnv1a", "Sarama, kafka-go's Hash", by_fnv1a},
};

}  // namespace

std::span<const KeyPartitioner> key_partitioners() {
    return kPartitioners;
}

}  // namespace cauce::client
