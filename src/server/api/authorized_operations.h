// What a client may do with a resource, as bits of AclOperation (KIP-430). Without an authorizer:
// all there is.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace cauce::server::api {

// AclOperation codes.
enum class Operation : std::uint8_t {
    read = 3,
    write = 4,
    create = 5,
    remove = 6,
    alter = 7,
    describe = 8,
    cluster_action = 9,
    describe_configs = 10,
    alter_configs = 11,
    idempotent_write = 12,
};

constexpr std::int32_t operation_bits(std::initializer_list<Operation> operations) {
    std::int32_t bits = 0;
    for (Operation operation : operations)
        bits |= 1 << static_cast<unsigned>(operation);
    return bits;
}

inline constexpr std::int32_t kNotAsked = INT32_MIN;
inline constexpr std::int32_t kTopicOperations = operation_bits(
    {Operation::read, Operation::write, Operation::create, Operation::remove, Operation::alter,
     Operation::describe, Operation::describe_configs, Operation::alter_configs});
inline constexpr std::int32_t kClusterOperations = operation_bits(
    {Operation::create, Operation::alter, Operation::describe, Operation::cluster_action,
     Operation::describe_configs, Operation::alter_configs, Operation::idempotent_write});
inline constexpr std::int32_t kGroupOperations =
    operation_bits({Operation::read, Operation::describe, Operation::remove,
                    Operation::describe_configs, Operation::alter_configs});

}  // namespace cauce::server::api
