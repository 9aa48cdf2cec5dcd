// What the disk of one simulated machine holds: the state the programs see (page cache) and the
// state that would survive a power loss, as one value. No clock, no coroutine, no error injection:
// sim_disk.h adds those. Copying it is cheap enough to take a picture in the middle of a turn,
// because pages are shared until they are written.
//
// Rules, stricter than ext4 and within what POSIX allows:
// - The death of a process changes nothing here but open handles.
// - A power loss keeps what was synced. Of a file's other pages each may be kept, dropped, or torn
//   at 512 bytes; the size ends anywhere between the synced and the last one, and what lies between
//   and was not kept reads as zeros. Pages may also reach the device before anyone asks
//   (write_back).
// - A name made, removed or renamed is durable after a sync of the folder that holds it, not
//   before: syncing the file is not enough. In one power loss the changes of a folder survive in
//   their order, so a prefix, as a journal has them; in the next each for itself, which POSIX
//   allows too: only those of one file, and those of one name, keep their order. A rename is whole
//   or not.
// - After a failed sync each of its pages is either on the device or lost; lost ones count as
// clean,
//   so that a second sync "succeeds" without them, and reading one may give the old bytes again.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/random.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::sim {

inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kSectorSize = 512;

// What a power loss does with what was not synced.
enum class Unsynced : std::uint8_t { drop, keep, tear };

struct Page {
    std::array<std::uint8_t, kPageSize> bytes{};
    std::uint64_t version = 0;  // grows with every write to the disk
};

class DiskImage {
public:
    using Inode = std::uint64_t;

    explicit DiskImage(std::uint64_t capacity_bytes);

    // Counts a handle; close() gives it back. `path` is for the error.
    IoResult<Inode> open(std::string_view path, runtime::OpenMode mode);
    void close(Inode file);
    // The process died: no handle is left.
    void close_all();

    IoResult<std::vector<runtime::DirectoryEntry>> list(std::string_view folder) const;
    bool exists(std::string_view path) const { return find(path).has_value(); }
    IoResult<void> make_folder(std::string_view folder);
    IoResult<void> rename(std::string_view from, std::string_view to);
    IoResult<void> remove(std::string_view path);

    std::size_t read(Inode file, std::uint64_t position, MutableBytes into) const;
    // The number of bytes written: all, or fewer because the disk is full.
    std::size_t write(Inode file, std::uint64_t position, BytesView bytes);
    // False when the disk is full.
    bool truncate(Inode file, std::uint64_t size);
    bool reserve(Inode file, std::uint64_t end);
    std::uint64_t size(Inode file) const;
    std::uint64_t capacity_bytes() const { return capacity_pages_ * kPageSize; }
    std::uint64_t free_bytes() const { return (capacity_pages_ - used_pages_) * kPageSize; }
    void set_capacity(std::uint64_t bytes);

    // What a sync that begins now has to bring to the device.
    struct Sync {
        Inode file = 0;
        std::uint64_t truncations = 0;
        std::uint64_t size = 0;
        std::vector<std::pair<std::uint64_t, std::shared_ptr<Page>>> pages;
    };
    Sync begin_sync(Inode file) const;
    void complete_sync(const Sync& sync);
    void fail_sync(const Sync& sync, runtime::Random& random);

    // The same for the names in a folder.
    struct FolderSync {
        Inode folder = 0;
        std::uint64_t last_change = 0;
    };
    IoResult<FolderSync> begin_sync_folder(std::string_view folder) const;
    void complete_sync_folder(const FolderSync& sync);

    // The kernel writes one dirty page of `file` out on its own account.
    void write_back(Inode file, runtime::Random& random);

    void power_loss(runtime::Random& random, Unsynced fate);

    // Hash of everything programs can see; for tests and traces.
    std::uint64_t hash() const;

private:
    using Pages = std::vector<std::shared_ptr<Page>>;
    using Names = std::map<std::string, Inode, std::less<>>;

    struct Node {
        bool is_folder = false;
        unsigned handles = 0;
        bool linked = false;  // has a name

        // Folders.
        Names names;
        Names durable_names;

        // Files. `pages` covers `size` exactly; a null page is a hole.
        Pages pages;
        std::uint64_t size = 0;
        std::uint64_t reserved_pages = 0;
        Pages durable_pages;
        std::uint64_t durable_size = 0;
        std::set<std::uint64_t> dirty;
        // The smallest size it was cut to since that became durable.
        std::optional<std::uint64_t> pending_truncate;
        std::uint64_t truncations = 0;

        std::uint64_t pages_used() const {
            return std::max<std::uint64_t>(pages.size(), reserved_pages);
        }
    };

    // A change of names that is not durable yet. Either side may be missing (made, removed).
    struct NameChange {
        std::uint64_t number = 0;
        Inode inode = 0;
        Inode from_folder = 0;
        std::string from_name = {};
        Inode to_folder = 0;
        std::string to_name = {};
    };
    struct Place {
        Inode folder = 0;
        std::string name;

        auto operator<=>(const Place&) const = default;
    };

    std::optional<Inode> find(std::string_view path) const;
    IoResult<Place> place_of(std::string_view path, const char* operation) const;
    Node& node(Inode inode);
    const Node& node(Inode inode) const;
    void change_names(NameChange change);
    void make_durable(const NameChange& change);
    void keep_names(runtime::Random& random, Unsynced fate);
    static void apply_truncate(Node& file);
    static void cut(Pages& pages, std::uint64_t size);
    Page& dirty_page(Node& file, std::uint64_t index);
    void lose_power(Node& file, runtime::Random& random, Unsynced fate);
    void account(std::uint64_t before, const Node& file);
    void drop_unreachable();

    std::uint64_t capacity_pages_;
    std::uint64_t used_pages_ = 0;
    std::size_t durable_changes_ = 0;  // of names, since nodes were last freed
    Inode next_inode_ = 2;
    std::map<Inode, Node> nodes_;
    std::vector<NameChange> pending_;
    std::uint64_t next_change_ = 1;
    std::uint64_t version_ = 0;
};

}  // namespace cauce::sim
