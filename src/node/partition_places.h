// In which log directory each partition of this node is: where its folder was found, where the
// metadata says, or where there are fewest, as Kafka chooses. What the metadata does not say yet
// the controller has to be told (KIP-858). On shard 0.
#pragma once

#include "base/ids.h"
#include "controller/state/directory_assignment.h"
#include "metadata/image.h"
#include "replica/placement.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace cauce::node {

class PartitionPlaces {
public:
    struct Directory {
        Uuid id;  // zero: it never got one
        bool online = true;
        bool cordoned = false;  // takes no new partitions (KIP-1066)
        std::size_t partitions = 0;
    };

    PartitionPlaces(NodeId node, std::vector<Directory> directories);

    const std::vector<Directory>& directories() const { return directories_; }
    void failed(std::size_t directory) { directories_[directory].online = false; }
    void set_cordoned(std::size_t directory, bool cordoned) {
        directories_[directory].cordoned = cordoned;
    }

    // A folder that was there at the start.
    void found(TopicId topic, std::int32_t partition, std::size_t directory);
    std::optional<std::size_t> directory_of(TopicId topic, std::int32_t partition) const;

    struct Followed {
        // Of all partitions of the topics that changed, those that can be served here.
        replica::Placement placement;
        // What the metadata says otherwise.
        std::vector<controller::state::DirectoryAssignment> to_assign;
    };
    // `before` is the image followed last.
    Followed follow(const metadata::Image& before, const metadata::Image& now);

private:
    using Key = std::pair<TopicId, std::int32_t>;

    // Nothing: the metadata names a directory that is not here, or does not work.
    std::optional<std::size_t> choose(const Uuid& assigned) const;
    void place(const Key& key, std::size_t directory);
    void forget_deleted(const metadata::Image& before, const metadata::Image& now);

    NodeId node_;
    std::vector<Directory> directories_;  // in the order of log.dirs
    std::map<Key, std::size_t> places_;
};

}  // namespace cauce::node
