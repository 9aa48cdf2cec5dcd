#include "sim/damaged_file.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace cauce::sim {

namespace {

// A partition whose folder this is keeps its damage to itself; the metadata log is not asked to.
constexpr std::string_view kMetadataFolder = "__cluster_metadata-0";

bool may_be_damaged(std::string_view name, Fault kind) {
    // A snapshot has a checksum. An index does not: it is checked against the log where it is used,
    // which finds out what is missing.
    if (name.ends_with(".snapshot")) return true;
    return kind == Fault::missing_end && (name.ends_with(".index") || name.ends_with(".timeindex"));
}

std::vector<std::string> candidates(const DiskImage& disk,
                                    const std::vector<std::string>& directories, Fault kind) {
    std::vector<std::string> found;
    for (const std::string& directory : directories) {
        const auto folders = disk.list(directory);
        if (!folders) continue;
        for (const auto& folder : *folders) {
            if (!folder.is_directory || folder.name == kMetadataFolder) continue;
            const std::string inside = directory + "/" + folder.name;
            const auto files = disk.list(inside);
            CHECK(files.has_value(), inside);
            for (const auto& file : *files)
                if (may_be_damaged(file.name, kind)) found.push_back(inside + "/" + file.name);
        }
    }
    return found;
}

std::string flip_bits(DiskImage& disk, DiskImage::Inode file, runtime::Random& random) {
    const std::uint64_t size = disk.size(file);
    const std::int64_t flips = random.between(1, 8);
    for (std::int64_t i = 0; i < flips; ++i) {
        std::array<std::uint8_t, 1> byte{};
        const std::uint64_t at = random.below(size);
        disk.read(file, at, byte);
        byte[0] = static_cast<std::uint8_t>(byte[0] ^ (1u << random.below(8)));
        disk.write(file, at, byte);
    }
    return std::to_string(flips) + " bits flipped";
}

std::string zero_a_sector(DiskImage& disk, DiskImage::Inode file, runtime::Random& random) {
    const std::uint64_t size = disk.size(file);
    const std::uint64_t at = random.below(size) / kSectorSize * kSectorSize;
    const Buffer zeros(std::min(kSectorSize, size - at), 0);
    disk.write(file, at, zeros);
    return "zeros at " + std::to_string(at);
}

}  // namespace

std::optional<std::string> damage_a_file(DiskImage& disk,
                                         const std::vector<std::string>& directories, Fault kind,
                                         runtime::Random& random) {
    CHECK(kind == Fault::bit_rot || kind == Fault::missing_end, name_of(kind));
    const std::vector<std::string> files = candidates(disk, directories, kind);
    if (files.empty()) return std::nullopt;
    const std::string& path = files[random.below(files.size())];
    if (kind == Fault::missing_end && random.one_in(3)) {
        CHECK(disk.remove(path).has_value(), path);
        const auto names = disk.begin_sync_folder(path.substr(0, path.rfind('/')));
        CHECK(names.has_value(), path);
        disk.complete_sync_folder(*names);
        return path + " is gone";
    }
    const auto file = disk.open(path, runtime::OpenMode::read_write);
    CHECK(file.has_value(), path);
    std::optional<std::string> done;
    if (disk.size(*file) > 0) {
        if (kind == Fault::missing_end) {
            const std::uint64_t end = random.below(disk.size(*file));
            CHECK(disk.truncate(*file, end), path);
            done = path + " is cut at " + std::to_string(end);
        } else if (random.one_in(2)) {
            done = path + ": " + flip_bits(disk, *file, random);
        } else {
            done = path + ": " + zero_a_sector(disk, *file, random);
        }
        disk.complete_sync(disk.begin_sync(*file));
    }
    disk.close(*file);
    return done;
}

}  // namespace cauce::sim
