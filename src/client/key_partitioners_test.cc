#include "client/key_partitioners.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cauce::client {
namespace {

struct Case {
    const char* key;
    std::int32_t partitions;
    std::int32_t murmur2;
    std::int32_t crc32;
    std::int32_t fnv1a;
};

// From programs of others: the two remainders by fnv1a of "luis" are of a negative number.
constexpr Case kCases[] = {
    {"ana", 4, 0, 2, 1},           {"ana", 100, 40, 70, 41},  {"luis", 4, 3, 0, 2},
    {"luis", 12, 3, 4, 10},        {"luis", 100, 55, 32, 74}, {"orders-17", 12, 11, 6, 3},
    {"orders-17", 100, 7, 34, 51}, {"", 12, 9, 0, 3},
};

TEST(KeyPartitioners, PutKeysWhereTheirClientsDo) {
    for (const Case& c : kCases) {
        std::map<std::string_view, std::int32_t> places;
        for (const KeyPartitioner& one : key_partitioners())
            places[one.name] = one.partition(as_bytes(c.key), c.partitions);
        EXPECT_EQ(places, (std::map<std::string_view, std::int32_t>{
                              {"murmur2", c.murmur2}, {"crc32", c.crc32}, {"fnv1a", c.fnv1a}}))
            << c.key << " of " << c.partitions;
    }
}

}  // namespace
}  // namespace cauce::client
