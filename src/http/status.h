// The status codes that are answered here, and their names.
#pragma once

#include <cstdint>
#include <string_view>

namespace cauce::http {

enum class Status : std::uint16_t {
    ok = 200,
    bad_request = 400,
    not_found = 404,
    method_not_allowed = 405,
    content_too_large = 413,
    header_too_large = 431,
    service_unavailable = 503,
};

constexpr std::string_view reason_of(Status status) {
    switch (status) {
        case Status::ok:
            return "OK";
        case Status::bad_request:
            return "Bad Request";
        case Status::not_found:
            return "Not Found";
        case Status::method_not_allowed:
            return "Method Not Allowed";
        case Status::content_too_large:
            return "Content Too Large";
        case Status::header_too_large:
            return "Request Header Fields Too Large";
        case Status::service_unavailable:
            return "Service Unavailable";
    }
    return "";
}

}  // namespace cauce::http
