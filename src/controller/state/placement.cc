#include "controller/state/placement.h"

#include "base/check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace cauce::controller::state {
namespace {

// Brokers in a circle. Each partition goes round it once at most, beginning one further on than the
// partition before.
class Circle {
public:
    void add(NodeId broker) { brokers_.push_back(broker); }
    void begin_at_random(Chance& chance) {
        if (!brokers_.empty()) offset_ = chance.below(brokers_.size());
    }
    // No value: the partition has had all of them.
    std::optional<NodeId> next(std::int64_t partition) {
        if (brokers_.empty()) return std::nullopt;
        if (partition != partition_) {
            partition_ = partition;
            taken_ = 0;
            offset_ = (offset_ + 1) % brokers_.size();
        }
        if (taken_ >= brokers_.size()) return std::nullopt;
        return brokers_[(taken_++ + offset_) % brokers_.size()];
    }

private:
    std::vector<NodeId> brokers_;  // by id
    std::int64_t partition_ = 0;
    std::size_t taken_ = 0;
    std::size_t offset_ = 0;
};

struct Rack {
    Circle active;
    Circle fenced;

    std::optional<NodeId> next(std::int64_t partition) {
        auto broker = active.next(partition);
        return broker ? broker : fenced.next(partition);
    }
};

bool is_cordoned(const metadata::Broker& broker) {
    if (!broker.cordoned_directories || broker.directories.empty()) return false;
    for (const Uuid& directory : broker.directories) {
        if (std::ranges::find(*broker.cordoned_directories, directory) ==
            broker.cordoned_directories->end())
            return false;
    }
    return true;
}

}  // namespace

bool is_reserved_directory(const Uuid& id) {
    return id.high == 0 && id.low < 100;
}

Uuid default_directory(const metadata::Image& image, NodeId id) {
    const metadata::Broker* broker = image.broker(id);
    if (broker != nullptr && broker->directories.size() == 1) return broker->directories[0];
    // Kafka: a broker of before directory ids has the id of all zeros.
    if (broker != nullptr && broker->directories.empty()) return {};
    return kUnassignedDirectory;
}

Result<std::vector<std::vector<NodeId>>> place(const metadata::Image& image, Chance& chance,
                                               std::int32_t partitions,
                                               std::int16_t replication_factor) {
    CHECK(partitions > 0 && replication_factor > 0, partitions, replication_factor);
    // No rack sorts before every rack.
    std::map<std::optional<std::string>, Rack> by_name;
    int usable = 0;
    int active = 0;
    for (const auto& broker : image.brokers()) {
        // Who is about to go is given nothing new.
        if (is_cordoned(*broker) || broker->in_controlled_shutdown) continue;
        ++usable;
        Rack& rack = by_name[broker->rack];
        if (broker->fenced) {
            rack.fenced.add(broker->id);
        } else {
            ++active;
            rack.active.add(broker->id);
        }
    }
    const auto refuse = [](std::string text) {
        return fail(ErrorCode::invalid_replication_factor, std::move(text));
    };
    if (active == 0)
        return refuse(
            "All brokers are currently fenced, or have all their log directories cordoned.");
    if (replication_factor > usable)
        return refuse("The target replication factor of " + std::to_string(replication_factor) +
                      " cannot be reached because only " + std::to_string(usable) +
                      " broker(s) are registered or some brokers have all their log directories "
                      "cordoned.");

    std::vector<Rack> racks;
    for (auto& [name, rack] : by_name) {
        rack.active.begin_at_random(chance);
        rack.fenced.begin_at_random(chance);
        racks.push_back(std::move(rack));
    }
    std::size_t offset = chance.below(racks.size());
    std::vector<std::vector<NodeId>> placed(static_cast<std::size_t>(partitions));
    for (std::int64_t partition = 0; partition < partitions; ++partition) {
        std::vector<NodeId>& replicas = placed[static_cast<std::size_t>(partition)];
        // The leader must be able to lead now.
        std::size_t first_rack = offset;
        while (true) {
            if (const auto leader = racks[first_rack].active.next(partition)) {
                replicas.push_back(*leader);
                break;
            }
            first_rack = (first_rack + 1) % racks.size();
        }
        // Once round the racks for one replica each, the leader's rack left out, and then on until
        // there are enough.
        bool first_round = true;
        for (std::size_t rack = offset;
             replicas.size() < static_cast<std::size_t>(replication_factor);
             rack = (rack + 1) % racks.size()) {
            if (first_round && rack == first_rack) {
                first_round = false;
                continue;
            }
            if (const auto broker = racks[rack].next(partition)) replicas.push_back(*broker);
        }
        offset = (offset + 1) % racks.size();
    }
    return placed;
}

}  // namespace cauce::controller::state
