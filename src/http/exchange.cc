#include "http/exchange.h"

#include "base/check.h"

#include <array>
#include <charconv>

namespace cauce::http {

Task<void> Exchange::send(std::string_view text) {
    if (broken_ || text.empty()) co_return;
    const std::array<runtime::WritePart, 1> parts{as_bytes(text)};
    const auto written = co_await stream_.write(parts);
    if (!written) broken_ = true;
}

Task<void> Exchange::reply(Response response) {
    CHECK(!begun_);
    begun_ = true;
    const Framing framing{Framing::Kind::length, response.body.size()};
    std::string text =
        response_head(response.status, response.content_type, framing, !keep_alive_, clock_.wall());
    if (request_.method != Method::head) text += response.body;
    co_await send(text);
    ended_ = true;
}

Task<void> Exchange::begin(Status status, std::string_view content_type) {
    CHECK(!begun_);
    begun_ = true;
    chunked_ = request_.version_1_1;
    // HTTP/1.0 knows no pieces: the body ends with the connection.
    if (!chunked_) keep_alive_ = false;
    const Framing framing{chunked_ ? Framing::Kind::chunked : Framing::Kind::until_close, 0};
    const std::string head =
        response_head(status, content_type, framing, !keep_alive_, clock_.wall());
    co_await send(head);
}

Task<bool> Exchange::write(std::string_view piece) {
    CHECK(begun_ && !ended_);
    // A piece of no bytes would end the body.
    if (piece.empty() || request_.method == Method::head) co_return !broken_;
    if (!chunked_) {
        co_await send(piece);
        co_return !broken_;
    }
    std::array<char, 20> size;
    const auto [stop, error] = std::to_chars(size.begin(), size.end() - 2, piece.size(), 16);
    CHECK(error == std::errc());
    stop[0] = '\r';
    stop[1] = '\n';
    const std::string_view line(size.data(), static_cast<std::size_t>(stop + 2 - size.data()));
    const std::array<runtime::WritePart, 3> parts{as_bytes(line), as_bytes(piece),
                                                  as_bytes("\r\n")};
    if (!broken_) {
        const auto written = co_await stream_.write(parts);
        if (!written) broken_ = true;
    }
    co_return !broken_;
}

Task<void> Exchange::end() {
    CHECK(begun_ && !ended_);
    if (chunked_ && request_.method != Method::head) co_await send("0\r\n\r\n");
    ended_ = true;
}

}  // namespace cauce::http
