// What is answered, and how it is written down.
#pragma once

#include "base/time.h"
#include "http/request.h"
#include "http/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::http {

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

struct Response {
    Status status = Status::ok;
    std::string body;
    std::string_view content_type = kPlainText;
};

// How the other end knows where a body ends.
struct Framing {
    enum class Kind : std::uint8_t { length, chunked, until_close };
    Kind kind = Kind::length;
    std::size_t length = 0;
};

// Status line and fields, with the empty line that ends them. `close`: the connection ends after
// this answer.
std::string response_head(Status status, std::string_view content_type, Framing framing, bool close,
                          WallTime now);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(WallTime at);

}  // namespace cauce::http
