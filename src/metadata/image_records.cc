#include "metadata/image_records.h"

#include "metadata/features.h"
#include "wire/messages/config_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/producer_ids_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/register_controller_record.h"
#include "wire/messages/topic_record.h"

#include <utility>

namespace cauce::metadata {
namespace {

template <typename Record, typename From>
void fill_endpoints_and_features(Record& record, const From& from) {
    for (const Endpoint& e : from.endpoints) {
        auto& to = record.end_points.emplace_back();
        to.name = e.listener;
        to.host = e.host;
        to.port = e.port;
        to.security_protocol = e.security_protocol;
    }
    for (const FeatureRange& f : from.features) {
        auto& to = record.features.emplace_back();
        to.name = f.name;
        to.min_supported_version = f.min;
        to.max_supported_version = f.max;
    }
}

void add_feature(RecordList& into, std::string_view name, std::int16_t level) {
    wire::FeatureLevelRecord record;
    record.name = name;
    record.feature_level = level;
    into.add(record);
}

void add_broker(RecordList& into, const Broker& broker, RecordVersions versions) {
    wire::RegisterBrokerRecord record;
    record.broker_id = broker.id.value;
    record.incarnation_id = broker.incarnation;
    record.broker_epoch = broker.epoch;
    fill_endpoints_and_features(record, broker);
    record.rack = broker.rack;
    record.fenced = broker.fenced;
    record.in_controlled_shutdown = broker.in_controlled_shutdown;
    if (versions.directories()) record.log_dirs = broker.directories;
    if (versions.cordoned_directories()) record.cordoned_log_dirs = broker.cordoned_directories;
    into.add(record, versions.register_broker());
}

void add_controller(RecordList& into, const Controller& controller) {
    wire::RegisterControllerRecord record;
    record.controller_id = controller.id.value;
    record.incarnation_id = controller.incarnation;
    record.zk_migration_ready = controller.zk_migration_ready;
    fill_endpoints_and_features(record, controller);
    into.add(record);
}

}  // namespace

std::vector<std::int32_t> node_numbers(const ReplicaList& list) {
    std::vector<std::int32_t> numbers;
    numbers.reserve(list.size());
    for (NodeId id : list)
        numbers.push_back(id.value);
    return numbers;
}

wire::PartitionRecord partition_record(TopicId topic, std::int32_t index,
                                       const Partition& partition, RecordVersions versions) {
    wire::PartitionRecord record;
    record.partition_id = index;
    record.topic_id = topic;
    record.replicas = node_numbers(partition.replicas);
    record.isr = node_numbers(partition.isr);
    record.removing_replicas = node_numbers(partition.removing);
    record.adding_replicas = node_numbers(partition.adding);
    record.leader = partition.leader.value;
    record.leader_recovery_state = partition.recovering ? 1 : 0;
    record.leader_epoch = partition.leader_epoch.value;
    record.partition_epoch = partition.partition_epoch;
    if (versions.directories()) record.directories = partition.directories.to_vector();
    if (versions.elr()) {
        // Kafka leaves empty lists out.
        if (!partition.elr.empty()) record.eligible_leader_replicas = node_numbers(partition.elr);
        if (!partition.last_known_elr.empty())
            record.last_known_elr = node_numbers(partition.last_known_elr);
    }
    return record;
}

ImageRecords::ImageRecords(ImagePointer image)
    : image_(std::move(image)),
      metadata_version_(image_->feature_level(kMetadataVersion)),
      topic_(image_->topics().begin()),
      config_(image_->configs().begin()),
      carried_(image_->carried().begin()) {}

bool ImageRecords::next(RecordList& into, std::size_t size_bytes_wanted) {
    const RecordVersions versions(metadata_version_);
    while (part_ != Part::done && into.size_bytes() < size_bytes_wanted) {
        switch (part_) {
            case Part::features:
                if (metadata_version_ != 0) add_feature(into, kMetadataVersion, metadata_version_);
                for (const auto& [name, level] : image_->features()) {
                    if (name != kMetadataVersion) add_feature(into, name, level);
                }
                break;
            case Part::brokers:
                for (const auto& broker : image_->brokers())
                    add_broker(into, *broker, versions);
                break;
            case Part::controllers:
                if (versions.register_controller()) {
                    for (const auto& [id, controller] : image_->controllers())
                        add_controller(into, controller);
                }
                break;
            case Part::topics:
                if (add_partitions(into, size_bytes_wanted)) continue;
                break;
            case Part::configs:
                if (config_ != image_->configs().end()) {
                    for (const auto& [name, value] : (*config_)->entries) {
                        wire::ConfigRecord record;
                        record.resource_type = static_cast<std::int8_t>((*config_)->type);
                        record.resource_name = (*config_)->name;
                        record.name = name;
                        record.value = value;
                        into.add(record);
                    }
                    ++config_;
                    continue;
                }
                break;
            case Part::producer_ids:
                if (image_->next_producer_id() >= 0) {
                    // Who asked for the block last is of no use to anybody; Kafka leaves it out
                    // too.
                    wire::ProducerIdsRecord record;
                    record.broker_id = -1;
                    record.broker_epoch = -1;
                    record.next_producer_id = image_->next_producer_id();
                    into.add(record);
                }
                break;
            case Part::carried:
                if (carried_ != image_->carried().end()) {
                    into.add_encoded((*carried_)->value);
                    ++carried_;
                    continue;
                }
                break;
            case Part::done:
                break;
        }
        part_ = static_cast<Part>(static_cast<int>(part_) + 1);
    }
    return part_ != Part::done;
}

// False when no topic is left.
bool ImageRecords::add_partitions(RecordList& into, std::size_t size_bytes_wanted) {
    if (topic_ == image_->topics().end()) return false;
    const Topic& topic = **topic_;
    if (partition_ < 0) {
        wire::TopicRecord record;
        record.name = topic.name();
        record.topic_id = topic.id();
        into.add(record);
        partition_ = 0;
    }
    const RecordVersions versions(metadata_version_);
    for (; partition_ < topic.partition_count(); ++partition_) {
        if (into.size_bytes() >= size_bytes_wanted) return true;
        if (const Partition* partition = topic.find(partition_))
            into.add(partition_record(topic.id(), partition_, *partition, versions),
                     versions.partition());
    }
    partition_ = -1;
    ++topic_;
    return true;
}

}  // namespace cauce::metadata
