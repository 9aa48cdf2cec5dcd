// SpaceWatch: looks at the disks of the node's log directories, says when room runs out or comes
// back, and keeps a reserve for the broker itself. What follows for clients is the shards'
// (storage/space_gate.h). Shard 0; one object a node.
#pragma once

#include "base/log.h"
#include "metadata/effective_config.h"
#include "runtime/disk.h"
#include "storage/space_gate.h"
#include "storage/space_reserve.h"
#include "storage/space_stage.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace cauce::node {

// The limits as they are set now (cauce.disk.*).
storage::SpaceLimits space_limits(const metadata::EffectiveConfig& config);

class SpaceWatch {
public:
    // Between two looks when nobody asks for one.
    static constexpr Duration kInterval = seconds(1);

    // `paths`: those of log.dirs in their order, then the metadata log's where it stands apart.
    // `disk` outlives it.
    SpaceWatch(runtime::Disk& disk, std::vector<std::string> paths, storage::SpaceLimits limits,
               Logger log);

    // They count from the next look on.
    void set_limits(const storage::SpaceLimits& limits);

    // Before a start writes anything: where there is no room for it, the reserve makes some.
    void make_room_to_start();

    struct Look {
        bool changed = false;  // the stage
        bool worse = false;    // and there is less room than before
    };
    // Asks the file system, and says what changed. One that does not answer stays as it was.
    Look look(std::size_t directory);

    std::size_t count() const { return directories_.size(); }
    const std::string& path(std::size_t directory) const { return directories_[directory].path; }
    // On any of them.
    bool is_room_short() const;
    // Nothing before the first look.
    const std::optional<storage::SpaceFound>& found(std::size_t directory) const {
        return directories_[directory].found;
    }

private:
    struct Directory {
        std::string path;
        storage::SpaceReserve reserve;
        std::optional<storage::SpaceFound> found;
        std::optional<std::uint64_t> set_aside;  // nothing: to be tried when there is room
    };

    void tell(const Directory& directory, storage::SpaceStage before) const;
    void tend_reserve(Directory& directory);
    void give_up_reserve(Directory& directory);

    runtime::Disk& disk_;
    storage::SpaceLimits limits_;
    const Logger log_;
    std::vector<Directory> directories_;
};

// What a stage means, for a page or a log: "the disk of /data is full: ...". Empty while room is
// ample.
std::string space_text(const std::string& path, const storage::SpaceFound& found);

}  // namespace cauce::node
