// ImageRecords: an image as the records that make it, the content of a snapshot. Replayed into an
// empty builder they give an equal image. Some at a time, so that a large cluster's snapshot can be
// written between other work.
#pragma once

#include "metadata/features.h"
#include "metadata/image.h"
#include "metadata/record_list.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cauce::wire {
struct PartitionRecord;
}

namespace cauce::metadata {

// As records and messages have them.
std::vector<std::int32_t> node_numbers(const ReplicaList& list);

// The record that makes a partition what it is.
wire::PartitionRecord partition_record(TopicId topic, std::int32_t index,
                                       const Partition& partition, RecordVersions versions);

class ImageRecords {
public:
    // Holds the image until the last record has been taken.
    explicit ImageRecords(ImagePointer image);

    // Adds records to `into` until it holds about `size_bytes_wanted`. False when all are out.
    bool next(RecordList& into, std::size_t size_bytes_wanted);

private:
    // In the order in which they must be replayed: metadata.version says how to read the rest.
    enum class Part : std::uint8_t {
        features,
        brokers,
        controllers,
        topics,
        configs,
        producer_ids,
        carried,
        done,
    };

    bool add_partitions(RecordList& into, std::size_t size_bytes_wanted);

    ImagePointer image_;
    std::int16_t metadata_version_;
    Part part_ = Part::features;
    PersistentMap<std::shared_ptr<Topic>, TopicName>::Iterator topic_;
    PersistentMap<std::shared_ptr<const ConfigResource>, ResourceKey>::Iterator config_;
    PersistentMap<std::shared_ptr<const CarriedRecord>, CarriedKey>::Iterator carried_;
    // Next partition of the topic; -1: the topic itself.
    std::int32_t partition_ = -1;
};

}  // namespace cauce::metadata
