// Bytes of an HTTP connection: whatever comes, in pieces of whatever size, the same requests and
// the same refusal come out, and a request never has more than its limit. The first byte is the
// size of the pieces.
#include "base/check.h"
#include "http/request_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace cauce;

namespace {

constexpr std::size_t kHeadMax = 512;

struct Read {
    std::string requests;
    bool refused = false;
};

Read read(BytesView bytes, std::size_t piece) {
    Read out;
    http::RequestReader reader(kHeadMax);
    while (true) {
        const auto next = reader.next();
        if (!next) {
            CHECK(!next.error().why.empty());
            out.refused = true;
            return out;
        }
        if (*next) {
            const http::Request& request = **next;
            CHECK(request.path.size() + request.query.size() < kHeadMax);
            out.requests += request.method_name + " " + request.path + "?" + request.query + "\n";
            if (request.has_body) return out;
            continue;
        }
        if (bytes.empty()) return out;
        const MutableBytes room = reader.room();
        const std::size_t count = std::min({piece, bytes.size(), room.size()});
        std::copy_n(bytes.begin(), count, room.begin());
        reader.received(count);
        bytes = bytes.subspan(count);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // When something is wrong inside a head that has not ended, Beast's parser sees it at once or
    // when the head ends, as the pieces come. So it ends.
    const std::string_view end = "\r\n\r\n";
    Buffer bytes(data + 1, data + size);
    bytes.insert(bytes.end(), end.begin(), end.end());
    const Read pieces = read(bytes, std::size_t{data[0]} + 1);
    const Read whole = read(bytes, kHeadMax);
    CHECK(pieces.requests == whole.requests, pieces.requests, whole.requests);
    CHECK(pieces.refused == whole.refused, pieces.requests);
    return 0;
}
