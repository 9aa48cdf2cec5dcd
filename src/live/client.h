// A client connection as others see it: kept by its shard from the first byte to the last, and
// taken along when it moves to another one. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cauce::live {

// Names one connection of this process, for good: it stays the same when the connection moves to
// another shard, and is never given again. 0 is the node itself: its coordinators append too.
using ClientToken = std::uint64_t;

struct Client {
    // Longer names are not kept: whoever has one goes unnamed. They come from peers, and there may
    // be many connections.
    static constexpr std::size_t kNameMax = 255;

    ClientToken token = 0;
    std::string host;  // the peer's address
    std::uint16_t port = 0;
    std::string id;                // client.id, as the first request that had one said
    std::string software_name;     // ApiVersions v3+
    std::string software_version;  // ApiVersions v3+
    std::string group;             // whose member it speaks for; empty: none so far, or unclear
    bool unclear_group = false;    // there are several, or one whose name was not kept

    static std::string_view kept(std::string_view name) {
        return name.size() <= kNameMax ? name : std::string_view();
    }

    // It spoke for a member of this group, or committed for it, and was believed.
    void speaks_for(std::string_view group_id);
};

}  // namespace cauce::live
