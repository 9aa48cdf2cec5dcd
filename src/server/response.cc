#include "server/response.h"

#include "base/check.h"

#include <variant>

namespace cauce::server {

namespace {

std::uint64_t size_of(const runtime::WritePart& part) {
    if (const auto* bytes = std::get_if<BytesView>(&part)) return bytes->size();
    return std::get<runtime::FileRange>(part).size;
}

}  // namespace

void Response::parts(std::vector<runtime::WritePart>& out) const {
    const BytesView all(bytes);
    std::size_t written = 0;
    std::size_t next = 0;
    for (const wire::Gap& gap : gaps) {
        CHECK(gap.position >= written && gap.position <= all.size(), gap.position, written);
        if (gap.position > written) out.emplace_back(all.subspan(written, gap.position - written));
        written = gap.position;
        std::uint64_t filled = 0;
        while (filled < gap.size) {
            CHECK(next < fillings.size(), next, gap.size, filled);
            filled += size_of(fillings[next]);
            out.push_back(fillings[next++]);
        }
        CHECK(filled == gap.size, filled, gap.size);
    }
    if (written < all.size()) out.emplace_back(all.subspan(written));
}

}  // namespace cauce::server
