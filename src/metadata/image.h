// Image: the cluster as the metadata log describes it up to one offset. A value that never changes:
// the controller makes a new one for every committed batch and hands it out by pointer; every shard
// reads the one it holds without asking anybody. Copies and successors share what they have in
// common (PersistentMap), so a new one costs what the batch changed.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "metadata/broker.h"
#include "metadata/persistent_map.h"
#include "metadata/topic.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace cauce::metadata {

// Kafka's numbers of resource types in configuration requests and records.
enum class ResourceType : std::int8_t {
    unknown = 0,
    topic = 2,
    broker = 4,
    broker_logger = 8,
    client_metrics = 16,
    group = 32,
};

// What was set for one topic, broker, group...; the broker named "" is every broker's default.
struct ConfigResource {
    ResourceType type = ResourceType::unknown;
    std::string name;
    std::map<std::string, std::string, std::less<>> entries;

    bool operator==(const ConfigResource&) const = default;
};

// A record this version keeps and passes on in snapshots, but does not act on yet: access rules,
// SCRAM credentials, delegation tokens, client quotas.
struct CarriedRecord {
    std::int16_t type = 0;
    // What tells it from others of its type, and finds it when it is removed.
    std::string identity;
    // The record as it stands in the log, frame included.
    Buffer value;

    bool operator==(const CarriedRecord&) const = default;
};

// A place in the metadata log.
struct LogPosition {
    Offset offset{-1};
    LeaderEpoch epoch;
    // When the batch was appended, by its writer's clock.
    WallTime appended;

    constexpr auto operator<=>(const LogPosition&) const = default;
};

struct TopicName {
    std::string_view operator()(const std::shared_ptr<Topic>& topic) const { return topic->name(); }
};
struct TopicIdOf {
    TopicId operator()(const std::shared_ptr<Topic>& topic) const { return topic->id(); }
};
struct BrokerIdOf {
    NodeId operator()(const std::shared_ptr<const Broker>& broker) const { return broker->id; }
};
struct ResourceKey {
    using Key = std::tuple<ResourceType, std::string_view>;
    Key operator()(const std::shared_ptr<const ConfigResource>& resource) const {
        return {resource->type, resource->name};
    }
};
struct CarriedKey {
    using Key = std::tuple<std::int16_t, std::string_view>;
    Key operator()(const std::shared_ptr<const CarriedRecord>& record) const {
        return {record->type, record->identity};
    }
};

class Image {
public:
    // The last record it contains.
    const LogPosition& position() const { return position_; }

    const Broker* broker(NodeId id) const;
    // In the order of their ids.
    const PersistentMap<std::shared_ptr<const Broker>, BrokerIdOf>& brokers() const {
        return brokers_;
    }
    const Controller* controller(NodeId id) const;
    const std::map<std::int32_t, Controller>& controllers() const { return controllers_; }

    const Topic* topic(std::string_view name) const;
    const Topic* topic(TopicId id) const;
    std::shared_ptr<const Topic> shared_topic(std::string_view name) const;
    // In the order of their names.
    const PersistentMap<std::shared_ptr<Topic>, TopicName>& topics() const { return by_name_; }
    std::int64_t partition_count() const { return partition_count_; }

    // What was set, without defaults; null when nothing was.
    const ConfigResource* config(ResourceType type, std::string_view name) const;
    const PersistentMap<std::shared_ptr<const ConfigResource>, ResourceKey>& configs() const {
        return configs_;
    }

    // A finalized feature's level; 0 when it is not finalized.
    std::int16_t feature_level(std::string_view name) const;
    const std::map<std::string, std::int16_t, std::less<>>& features() const { return features_; }

    // The first producer id of the next block; -1 before the first block was given out.
    std::int64_t next_producer_id() const { return next_producer_id_; }
    const PersistentMap<std::shared_ptr<const CarriedRecord>, CarriedKey>& carried() const {
        return carried_;
    }
    // How many carried records are of a type (D18 asks for the security ones).
    std::size_t carried_count(std::int16_t type) const;
    // Records that could not be read, by what they are ("type 42", "TopicRecord version 7") and how
    // often. A log with any of them needs a newer version of this program.
    const std::map<std::string, std::int64_t, std::less<>>& unknown_records() const {
        return unknown_records_;
    }

    // Same content; how it came about does not matter.
    bool operator==(const Image& other) const;

private:
    friend class ImageBuilder;

    LogPosition position_;
    // The edit under which it was made; everything in it is frozen for later ones.
    std::uint64_t edit_ = 0;
    PersistentMap<std::shared_ptr<const Broker>, BrokerIdOf> brokers_;
    std::map<std::int32_t, Controller> controllers_;
    PersistentMap<std::shared_ptr<Topic>, TopicName> by_name_;
    PersistentMap<std::shared_ptr<Topic>, TopicIdOf> by_id_;
    std::int64_t partition_count_ = 0;
    PersistentMap<std::shared_ptr<const ConfigResource>, ResourceKey> configs_;
    std::map<std::string, std::int16_t, std::less<>> features_;
    std::int64_t next_producer_id_ = -1;
    PersistentMap<std::shared_ptr<const CarriedRecord>, CarriedKey> carried_;
    std::map<std::string, std::int64_t, std::less<>> unknown_records_;
};

using ImagePointer = std::shared_ptr<const Image>;

}  // namespace cauce::metadata
