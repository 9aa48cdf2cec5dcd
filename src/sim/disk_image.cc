#include "sim/disk_image.h"

#include "base/check.h"
#include "sim/hash.h"

#include <cerrno>
#include <cstring>

namespace cauce::sim {

namespace {

constexpr DiskImage::Inode kRoot = 1;

constexpr std::uint64_t pages_for(std::uint64_t size) {
    return (size + kPageSize - 1) / kPageSize;
}

// "/a/b/c" -> "/a/b" and "c".
std::pair<std::string_view, std::string_view> split(std::string_view path) {
    while (path.size() > 1 && path.back() == '/')
        path.remove_suffix(1);
    const std::size_t slash = path.rfind('/');
    CHECK(slash != std::string_view::npos, path);  // paths are absolute
    return {path.substr(0, std::max<std::size_t>(slash, 1)), path.substr(slash + 1)};
}

// The page at `index`, private to `pages` and ready to be written.
Page& own(std::vector<std::shared_ptr<Page>>& pages, std::uint64_t index) {
    std::shared_ptr<Page>& page = pages[index];
    if (!page) {
        page = std::make_shared<Page>();
    } else if (page.use_count() > 1) {
        page = std::make_shared<Page>(*page);
    }
    return *page;
}

}  // namespace

DiskImage::DiskImage(std::uint64_t capacity_bytes) : capacity_pages_(capacity_bytes / kPageSize) {
    Node& root = nodes_[kRoot];
    root.is_folder = true;
    root.linked = true;
}

DiskImage::Node& DiskImage::node(Inode inode) {
    const auto found = nodes_.find(inode);
    CHECK(found != nodes_.end(), inode);
    return found->second;
}

const DiskImage::Node& DiskImage::node(Inode inode) const {
    const auto found = nodes_.find(inode);
    CHECK(found != nodes_.end(), inode);
    return found->second;
}

std::optional<DiskImage::Inode> DiskImage::find(std::string_view path) const {
    Inode at = kRoot;
    while (!path.empty()) {
        if (path.front() == '/') {
            path.remove_prefix(1);
            continue;
        }
        const std::string_view name = path.substr(0, path.find('/'));
        path.remove_prefix(name.size());
        const Node& folder = node(at);
        const auto found = folder.names.find(name);
        if (!folder.is_folder || found == folder.names.end()) return std::nullopt;
        at = found->second;
    }
    return at;
}

IoResult<DiskImage::Place> DiskImage::place_of(std::string_view path, const char* operation) const {
    const auto [parent, name] = split(path);
    if (name.empty()) return io_fail(EINVAL, operation, std::string(path));
    const std::optional<Inode> folder = find(parent);
    if (!folder) return io_fail(ENOENT, operation, std::string(path));
    if (!node(*folder).is_folder) return io_fail(ENOTDIR, operation, std::string(path));
    return Place{*folder, std::string(name)};
}

void DiskImage::account(std::uint64_t before, const Node& file) {
    if (!file.linked && file.handles == 0) return;
    used_pages_ = used_pages_ - before + file.pages_used();
}

// Makes the change for those who look now; it becomes durable later.
void DiskImage::change_names(NameChange change) {
    if (change.from_folder != 0) node(change.from_folder).names.erase(change.from_name);
    Node& moved = node(change.inode);
    moved.linked = change.to_folder != 0;
    if (!moved.linked && moved.handles == 0) used_pages_ -= moved.pages_used();
    if (change.to_folder != 0) {
        Names& names = node(change.to_folder).names;
        if (const auto old = names.find(change.to_name); old != names.end()) {
            Node& replaced = node(old->second);
            replaced.linked = false;
            if (replaced.handles == 0) used_pages_ -= replaced.pages_used();
        }
        names[change.to_name] = change.inode;
    }
    change.number = next_change_++;
    pending_.push_back(std::move(change));
}

void DiskImage::make_durable(const NameChange& change) {
    if (change.from_folder != 0) {
        node(change.from_folder).durable_names.erase(change.from_name);
    }
    if (change.to_folder != 0) {
        node(change.to_folder).durable_names[change.to_name] = change.inode;
    }
}

IoResult<DiskImage::Inode> DiskImage::open(std::string_view path, runtime::OpenMode mode) {
    using runtime::OpenMode;
    ASSIGN_OR_RETURN(const Place place, place_of(path, "open"));
    const Names& names = node(place.folder).names;
    const auto found = names.find(place.name);
    Inode inode = 0;
    if (found != names.end()) {
        inode = found->second;
        if (mode == OpenMode::create_exclusive) return io_fail(EEXIST, "open", std::string(path));
        if (node(inode).is_folder) return io_fail(EISDIR, "open", std::string(path));
    } else {
        if (mode == OpenMode::read || mode == OpenMode::read_write) {
            return io_fail(ENOENT, "open", std::string(path));
        }
        inode = next_inode_++;
        nodes_[inode];
        change_names({.inode = inode, .to_folder = place.folder, .to_name = place.name});
    }
    ++node(inode).handles;
    return inode;
}

void DiskImage::close(Inode file) {
    Node& closed = node(file);
    CHECK(closed.handles > 0);
    if (--closed.handles == 0 && !closed.linked) used_pages_ -= closed.pages_used();
}

void DiskImage::close_all() {
    for (auto& [inode, file] : nodes_) {
        if (file.handles > 0 && !file.linked) used_pages_ -= file.pages_used();
        file.handles = 0;
    }
    drop_unreachable();
}

IoResult<std::vector<runtime::DirectoryEntry>> DiskImage::list(std::string_view folder) const {
    const std::optional<Inode> inode = find(folder);
    if (!inode) return io_fail(ENOENT, "opendir", std::string(folder));
    if (!node(*inode).is_folder) return io_fail(ENOTDIR, "opendir", std::string(folder));
    std::vector<runtime::DirectoryEntry> entries;
    for (const auto& [name, child] : node(*inode).names)
        entries.push_back({name, node(child).is_folder});
    return entries;
}

IoResult<void> DiskImage::make_folder(std::string_view folder) {
    if (const std::optional<Inode> present = find(folder)) {
        if (node(*present).is_folder) return {};
        return io_fail(EEXIST, "mkdir", std::string(folder));
    }
    ASSIGN_OR_RETURN(const Place place, place_of(folder, "mkdir"));
    const Inode inode = next_inode_++;
    nodes_[inode].is_folder = true;
    change_names({.inode = inode, .to_folder = place.folder, .to_name = place.name});
    return {};
}

IoResult<void> DiskImage::rename(std::string_view from, std::string_view to) {
    const std::optional<Inode> moved = find(from);
    if (!moved) return io_fail(ENOENT, "rename", std::string(from));
    ASSIGN_OR_RETURN(const Place source, place_of(from, "rename"));
    ASSIGN_OR_RETURN(const Place target, place_of(to, "rename"));
    if (const std::optional<Inode> old = find(to)) {
        if (*old == *moved) return {};
        const Node& replaced = node(*old);
        if (replaced.is_folder != node(*moved).is_folder) {
            return io_fail(replaced.is_folder ? EISDIR : ENOTDIR, "rename", std::string(to));
        }
        if (!replaced.names.empty()) return io_fail(ENOTEMPTY, "rename", std::string(to));
    }
    change_names({.inode = *moved,
                  .from_folder = source.folder,
                  .from_name = source.name,
                  .to_folder = target.folder,
                  .to_name = target.name});
    return {};
}

IoResult<void> DiskImage::remove(std::string_view path) {
    const std::optional<Inode> inode = find(path);
    if (!inode) return io_fail(ENOENT, "remove", std::string(path));
    if (!node(*inode).names.empty()) return io_fail(ENOTEMPTY, "remove", std::string(path));
    ASSIGN_OR_RETURN(const Place place, place_of(path, "remove"));
    change_names({.inode = *inode, .from_folder = place.folder, .from_name = place.name});
    return {};
}

std::size_t DiskImage::read(Inode file, std::uint64_t position, MutableBytes into) const {
    const Node& from = node(file);
    if (position >= from.size) return 0;
    const std::size_t length = std::min<std::size_t>(into.size(), from.size - position);
    for (std::size_t done = 0; done < length;) {
        const std::uint64_t index = (position + done) / kPageSize;
        const std::uint64_t offset = (position + done) % kPageSize;
        const std::size_t part = std::min<std::size_t>(length - done, kPageSize - offset);
        if (const Page* page = from.pages[index].get()) {
            std::memcpy(into.data() + done, page->bytes.data() + offset, part);
        } else {
            std::memset(into.data() + done, 0, part);
        }
        done += part;
    }
    return length;
}

std::size_t DiskImage::write(Inode file, std::uint64_t position, BytesView bytes) {
    Node& to = node(file);
    const std::uint64_t before = to.pages_used();
    const std::uint64_t room = before + (capacity_pages_ - std::min(capacity_pages_, used_pages_));
    if (pages_for(position + bytes.size()) > room) {
        const std::uint64_t end = room * kPageSize;
        bytes = bytes.first(end > position ? std::min(bytes.size(), end - position) : 0);
    }
    if (bytes.empty()) return 0;
    to.size = std::max<std::uint64_t>(to.size, position + bytes.size());
    to.pages.resize(pages_for(to.size));
    account(before, to);
    for (std::size_t done = 0; done < bytes.size();) {
        const std::uint64_t index = (position + done) / kPageSize;
        const std::uint64_t offset = (position + done) % kPageSize;
        const std::size_t part = std::min<std::size_t>(bytes.size() - done, kPageSize - offset);
        std::memcpy(dirty_page(to, index).bytes.data() + offset, bytes.data() + done, part);
        done += part;
    }
    return bytes.size();
}

Page& DiskImage::dirty_page(Node& file, std::uint64_t index) {
    Page& page = own(file.pages, index);
    page.version = ++version_;
    file.dirty.insert(index);
    return page;
}

// Shortens `pages` to `size`; what follows in the last page becomes zero.
void DiskImage::cut(Pages& pages, std::uint64_t size) {
    if (pages_for(size) >= pages.size() && size % kPageSize == 0) return;
    pages.resize(std::min<std::uint64_t>(pages.size(), pages_for(size)));
    const std::uint64_t last = size / kPageSize;
    if (last < pages.size() && pages[last] && size % kPageSize != 0) {
        auto& bytes = own(pages, last).bytes;
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(size % kPageSize), bytes.end(),
                  std::uint8_t{0});
    }
}

bool DiskImage::truncate(Inode file, std::uint64_t size) {
    Node& to = node(file);
    const std::uint64_t before = to.pages_used();
    if (size < to.size) {
        cut(to.pages, size);
        to.dirty.erase(to.dirty.lower_bound(pages_for(size)), to.dirty.end());
        if (size % kPageSize != 0) dirty_page(to, size / kPageSize);
        to.reserved_pages = std::min(to.reserved_pages, pages_for(size));
        to.pending_truncate = std::min(to.pending_truncate.value_or(size), size);
        ++to.truncations;
    } else if (pages_for(size) >
               before + (capacity_pages_ - std::min(capacity_pages_, used_pages_))) {
        return false;
    }
    to.size = size;
    to.pages.resize(pages_for(size));
    account(before, to);
    return true;
}

bool DiskImage::reserve(Inode file, std::uint64_t end) {
    Node& to = node(file);
    const std::uint64_t before = to.pages_used();
    if (pages_for(end) <= before) return true;
    if (pages_for(end) > before + (capacity_pages_ - std::min(capacity_pages_, used_pages_))) {
        return false;
    }
    to.reserved_pages = pages_for(end);
    account(before, to);
    return true;
}

std::uint64_t DiskImage::size(Inode file) const {
    return node(file).size;
}

void DiskImage::set_capacity(std::uint64_t bytes) {
    capacity_pages_ = std::max(bytes / kPageSize, used_pages_);
}

DiskImage::Sync DiskImage::begin_sync(Inode file) const {
    const Node& from = node(file);
    Sync sync{.file = file, .truncations = from.truncations, .size = from.size, .pages = {}};
    sync.pages.reserve(from.dirty.size());
    for (const std::uint64_t index : from.dirty)
        sync.pages.emplace_back(index, from.pages[index]);
    return sync;
}

void DiskImage::apply_truncate(Node& file) {
    if (!file.pending_truncate) return;
    if (*file.pending_truncate < file.durable_size) file.durable_size = *file.pending_truncate;
    cut(file.durable_pages, *file.pending_truncate);
    file.pending_truncate.reset();
}

void DiskImage::complete_sync(const Sync& sync) {
    Node& file = node(sync.file);
    if (file.truncations != sync.truncations) {
        // It was cut meanwhile: the journal commit that carries the cut brings everything along.
        file.durable_pages = file.pages;
        file.durable_size = file.size;
        file.dirty.clear();
        file.pending_truncate.reset();
        return;
    }
    apply_truncate(file);
    file.durable_size = std::max(file.durable_size, sync.size);
    if (file.durable_pages.size() < pages_for(file.durable_size)) {
        file.durable_pages.resize(pages_for(file.durable_size));
    }
    for (const auto& [index, page] : sync.pages) {
        // A later sync, or the kernel on its own account, may have been quicker with a newer one.
        std::shared_ptr<Page>& durable = file.durable_pages[index];
        if (!durable || durable->version < page->version) durable = page;
        if (file.pages[index] == page) file.dirty.erase(index);
    }
}

void DiskImage::fail_sync(const Sync& sync, runtime::Random& random) {
    Node& file = node(sync.file);
    if (file.truncations != sync.truncations) return;
    apply_truncate(file);
    for (const auto& [index, page] : sync.pages) {
        if (!file.dirty.contains(index) || file.pages[index] != page) continue;
        file.dirty.erase(index);
        if (file.durable_pages.size() <= index) file.durable_pages.resize(index + 1);
        if (random.one_in(2)) {
            file.durable_pages[index] = page;
        } else if (random.one_in(2)) {
            file.pages[index] = file.durable_pages[index];  // evicted, then read again
        }
    }
}

IoResult<DiskImage::FolderSync> DiskImage::begin_sync_folder(std::string_view folder) const {
    const std::optional<Inode> inode = find(folder);
    if (!inode) return io_fail(ENOENT, "open", std::string(folder));
    if (!node(*inode).is_folder) return io_fail(ENOTDIR, "open", std::string(folder));
    return FolderSync{.folder = *inode, .last_change = next_change_ - 1};
}

void DiskImage::complete_sync_folder(const FolderSync& sync) {
    // A move between two folders takes the earlier changes of both along.
    std::set<Inode> folders{sync.folder};
    std::set<std::uint64_t> chosen;
    for (auto change = pending_.rbegin(); change != pending_.rend(); ++change) {
        if (change->number > sync.last_change) continue;
        if (!folders.contains(change->from_folder) && !folders.contains(change->to_folder))
            continue;
        chosen.insert(change->number);
        if (change->from_folder != 0) folders.insert(change->from_folder);
        if (change->to_folder != 0) folders.insert(change->to_folder);
    }
    for (const NameChange& change : pending_)
        if (chosen.contains(change.number)) make_durable(change);
    std::erase_if(pending_,
                  [&](const NameChange& change) { return chosen.contains(change.number); });
    // To look for what can be freed takes the whole disk: only when there may be as much of it as
    // there is else.
    durable_changes_ += chosen.size();
    if (durable_changes_ > nodes_.size()) drop_unreachable();
}

void DiskImage::write_back(Inode file, runtime::Random& random) {
    Node& from = node(file);
    if (from.dirty.empty()) return;
    auto chosen = from.dirty.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(random.below(from.dirty.size())));
    const std::uint64_t index = *chosen;
    apply_truncate(from);
    if (from.durable_pages.size() <= index) from.durable_pages.resize(index + 1);
    from.durable_pages[index] = from.pages[index];
    from.dirty.erase(chosen);
}

void DiskImage::lose_power(Node& file, runtime::Random& random, Unsynced fate) {
    bool grow = fate != Unsynced::drop;
    std::set<std::uint64_t> candidates =
        fate == Unsynced::drop ? std::set<std::uint64_t>() : file.dirty;
    if (file.pending_truncate) {
        if (fate == Unsynced::keep || (fate == Unsynced::tear && random.one_in(2))) {
            apply_truncate(file);
        } else {
            // The cut is lost, and with it what was allocated after it.
            candidates.erase(candidates.lower_bound(pages_for(*file.pending_truncate)),
                             candidates.end());
            file.pending_truncate.reset();
            grow = false;
        }
    }
    std::uint64_t size = file.durable_size;
    if (grow && file.size > size) {
        const std::uint64_t more = file.size - size;
        if (fate == Unsynced::keep) {
            size = file.size;
        } else {
            switch (random.below(3)) {
                case 0:
                    break;
                case 1:
                    size = file.size;
                    break;
                default:
                    size += random.below(more + 1);
                    break;
            }
        }
    }
    file.durable_pages.resize(std::max<std::uint64_t>(file.durable_pages.size(), pages_for(size)));
    for (const std::uint64_t index : candidates) {
        if (index >= file.durable_pages.size()) continue;
        const std::uint64_t choice = fate == Unsynced::keep ? 0 : random.below(3);
        if (choice == 0) {
            file.durable_pages[index] = file.pages[index];
        } else if (choice == 1) {
            const Page* written = file.pages[index].get();
            Page& torn = own(file.durable_pages, index);
            for (std::uint64_t at = 0; at < kPageSize; at += kSectorSize) {
                if (random.one_in(2)) continue;
                if (written) {
                    std::memcpy(torn.bytes.data() + at, written->bytes.data() + at, kSectorSize);
                } else {
                    std::memset(torn.bytes.data() + at, 0, kSectorSize);
                }
            }
        }
    }
    cut(file.durable_pages, size);
    file.durable_pages.resize(pages_for(size));
    file.durable_size = size;
    file.pages = file.durable_pages;
    file.size = size;
    file.reserved_pages = 0;
    file.dirty.clear();
}

// Which of the changes of names a power loss leaves.
void DiskImage::keep_names(runtime::Random& random, Unsynced fate) {
    const bool in_order = random.one_in(2);
    // What no later change that survives may refer to.
    std::set<Inode> folders;
    std::set<Inode> files;
    std::set<Place> places;
    for (const NameChange& change : pending_) {
        const Place from{change.from_folder, change.from_name};
        const Place to{change.to_folder, change.to_name};
        const bool possible =
            in_order
                ? !folders.contains(from.folder) && !folders.contains(to.folder)
                : !files.contains(change.inode) && !places.contains(from) && !places.contains(to);
        if (possible && (fate == Unsynced::keep || !random.one_in(4))) {
            make_durable(change);
            continue;
        }
        files.insert(change.inode);
        for (const Place& place : {from, to}) {
            if (place.folder == 0) continue;  // made, or removed
            folders.insert(place.folder);
            places.insert(place);
        }
    }
}

void DiskImage::power_loss(runtime::Random& random, Unsynced fate) {
    if (fate != Unsynced::drop) keep_names(random, fate);
    pending_.clear();
    for (auto& [inode, file] : nodes_) {
        file.handles = 0;
        file.linked = inode == kRoot;
        if (file.is_folder) {
            file.names = file.durable_names;
        } else {
            lose_power(file, random, fate);
        }
    }
    for (auto& [inode, folder] : nodes_)
        for (const auto& [name, child] : folder.names)
            node(child).linked = true;
    drop_unreachable();
    used_pages_ = 0;
    for (const auto& [inode, file] : nodes_)
        used_pages_ += file.pages_used();
    capacity_pages_ = std::max(capacity_pages_, used_pages_);
}

// Frees what no name leads to, now or after a power loss, and no handle holds.
void DiskImage::drop_unreachable() {
    durable_changes_ = 0;
    std::set<Inode> reached;
    std::vector<Inode> open{kRoot};
    for (const auto& [inode, file] : nodes_)
        if (file.handles > 0) open.push_back(inode);
    for (const NameChange& change : pending_)
        for (const Inode inode : {change.inode, change.from_folder, change.to_folder})
            if (inode != 0) open.push_back(inode);
    while (!open.empty()) {
        const Inode inode = open.back();
        open.pop_back();
        if (!reached.insert(inode).second) continue;
        const Node& folder = node(inode);
        for (const auto& [name, child] : folder.names)
            open.push_back(child);
        for (const auto& [name, child] : folder.durable_names)
            open.push_back(child);
    }
    std::erase_if(nodes_, [&](const auto& entry) { return !reached.contains(entry.first); });
}

std::uint64_t DiskImage::hash() const {
    Hash hash;
    for (const auto& [inode, file] : nodes_) {
        hash.add(inode);
        hash.add(file.size);
        for (const auto& [name, child] : file.names) {
            hash.add(as_bytes(name));
            hash.add(child);
        }
        for (const auto& page : file.pages) {
            if (page) {
                hash.add(BytesView(page->bytes));
            } else {
                hash.add(0);
            }
        }
    }
    return hash.value();
}

}  // namespace cauce::sim
