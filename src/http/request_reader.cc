#include "http/request_reader.h"

#include "base/check.h"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace cauce::http {

namespace {

namespace beast = boost::beast;
using BeastError = beast::http::error;

}  // namespace

// What Beast tells about a request, of which the first line is kept. Its functions are called
// within put(); the fields it needs itself (Connection, Content-Length, Transfer-Encoding) it reads
// itself.
class RequestReader::Parser final : public beast::http::basic_parser<true> {
public:
    explicit Parser(std::size_t head_bytes_max) {
        header_limit(static_cast<std::uint32_t>(head_bytes_max));
        eager(false);  // a body, if any, is not looked at
        body_limit(boost::none);
    }
    Request request;

private:
    using View = beast::string_view;
    using Error = beast::error_code;

    void on_request_impl(beast::http::verb method, View method_name, View target, int version,
                         Error&) override {
        using beast::http::verb;
        request.method = method == verb::get    ? Method::get
                         : method == verb::head ? Method::head
                                                : Method::other;
        request.method_name.assign(method_name.data(), method_name.size());
        request.version_1_1 = version >= 11;
        std::string_view path(target.data(), target.size());
        // A proxy's form, http://host/path, must be understood too (RFC 9112, 3.2.2).
        if (const std::size_t scheme = path.find("://");
            scheme != std::string_view::npos && !path.starts_with('/')) {
            path.remove_prefix(scheme + 3);
            path.remove_prefix(std::min(path.find_first_of("/?"), path.size()));
        }
        const std::size_t mark = path.find('?');
        if (mark != std::string_view::npos) request.query = path.substr(mark + 1);
        request.path = path.substr(0, mark);
        if (request.path.empty()) request.path = "/";
    }
    void on_header_impl(Error&) override {}
    void on_field_impl(beast::http::field, View, View, Error&) override {}
    void on_response_impl(int, View, int, Error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
    std::size_t on_body_impl(View body, Error&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override {
        return body.size();
    }
    void on_finish_impl(Error&) override {}
};

RequestReader::RequestReader(std::size_t head_bytes_max) : head_bytes_max_(head_bytes_max) {}

RequestReader::~RequestReader() = default;

MutableBytes RequestReader::room() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(head_bytes_max_);
    if (begin_ > 0) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        parsed_ -= begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    CHECK(end_ < head_bytes_max_, end_, head_bytes_max_);
    return {buffer_.get() + end_, head_bytes_max_ - end_};
}

void RequestReader::received(std::size_t bytes) {
    CHECK(bytes <= head_bytes_max_ - end_, bytes, end_);
    end_ += bytes;
}

std::expected<std::optional<Request>, Refusal> RequestReader::next() {
    if (!parser_) {
        // Empty lines before a request are passed over (RFC 9112, 2.2).
        while (begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n'))
            ++begin_;
        parsed_ = begin_;
        if (empty()) {
            begin_ = parsed_ = end_ = 0;
            buffer_.reset();
            return std::nullopt;
        }
        parser_ = std::make_unique<Parser>(head_bytes_max_);
    }
    while (!parser_->is_header_done()) {
        beast::error_code error;
        const std::size_t seen = parser_->put({buffer_.get() + parsed_, end_ - parsed_}, error);
        parsed_ += seen;
        if (error == BeastError::need_more) {
            if (end_ - begin_ < head_bytes_max_) return std::nullopt;
            return std::unexpected(refusal(static_cast<int>(BeastError::header_limit)));
        }
        if (error) return std::unexpected(refusal(error.value()));
    }
    Request request = std::move(parser_->request);
    request.keep_alive = parser_->keep_alive();
    request.has_body = !parser_->is_done();
    parser_.reset();
    begin_ = parsed_;
    return request;
}

Refusal RequestReader::refusal(int error) const {
    switch (static_cast<BeastError>(error)) {
        case BeastError::header_limit:
        case BeastError::buffer_overflow:
            return {Status::header_too_large, "A request may have " +
                                                  std::to_string(head_bytes_max_) +
                                                  " bytes of request line and header fields."};
        case BeastError::bad_method:
        case BeastError::bad_target:
        case BeastError::bad_version:
            return {Status::bad_request,
                    "The first line is no HTTP/1.0 or HTTP/1.1 request, such as: GET /readyz "
                    "HTTP/1.1. (Kafka clients belong on the ports of `listeners`, https has no "
                    "port here.)"};
        case BeastError::bad_content_length:
        case BeastError::multiple_content_length:
            return {Status::bad_request, "Content-Length is no number, or there are several."};
        case BeastError::bad_transfer_encoding:
            return {Status::bad_request, "Transfer-Encoding and Content-Length contradict."};
        default:
            return {Status::bad_request, "The header fields are not those of an HTTP request."};
    }
}

}  // namespace cauce::http
