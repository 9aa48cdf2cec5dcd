// Cuts requests out of the bytes of a connection. The grammar is Boost.Beast's; what is ours is the
// memory: a fixed buffer, taken with the first byte, given back when nothing of a request is in it.
// A request whose head does not fit is refused. Owned by a connection, on its shard.
#pragma once

#include "base/bytes.h"
#include "http/request.h"
#include "http/status.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace cauce::http {

// Why a request is not answered as it was asked. The connection ends: where the next request begins
// is not known.
struct Refusal {
    Status status = Status::bad_request;
    std::string why;  // a sentence for whoever wrote the request
};

class RequestReader {
public:
    // `head_bytes_max`: of request line and fields together.
    explicit RequestReader(std::size_t head_bytes_max);
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    // Where the next bytes go, and how many came. There is always room after next() gave nothing.
    MutableBytes room();
    void received(std::size_t bytes);

    // The next request, or nothing while it is not whole. After a refusal nothing more is asked.
    std::expected<std::optional<Request>, Refusal> next();

    // Nothing of a request has come.
    bool empty() const { return begin_ == end_; }

private:
    class Parser;

    Refusal refusal(int error) const;

    const std::size_t head_bytes_max_;
    std::unique_ptr<std::uint8_t[]> buffer_;
    std::size_t begin_ = 0;   // of the present request
    std::size_t parsed_ = 0;  // up to here the parser has seen it
    std::size_t end_ = 0;
    std::unique_ptr<Parser> parser_;
};

}  // namespace cauce::http
