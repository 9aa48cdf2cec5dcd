// A response on its way out: encoded bytes, with gaps that file ranges or shared memory fill
// (Fetch). Owned by the connection's queue until it has been written.
#pragma once

#include "base/bytes.h"
#include "runtime/net.h"
#include "wire/writer.h"

#include <memory>
#include <vector>

namespace cauce::server {

struct Response {
    Buffer bytes;                                   // size prefix, header and body
    std::vector<wire::Gap> gaps;                    // places in `bytes`, ascending
    std::vector<runtime::WritePart> fillings;       // in order; together as long as the gaps
    std::vector<std::shared_ptr<const void>> keep;  // owners of what the fillings show

    std::size_t size() const {
        std::size_t total = bytes.size();
        for (const wire::Gap& gap : gaps)
            total += gap.size;
        return total;
    }
    // Appends what to write, in order, to `out`. The views live as long as this response.
    void parts(std::vector<runtime::WritePart>& out) const;
};

}  // namespace cauce::server
