// A request as far as our pages need it: they are asked for by name and take no body. A value.
#pragma once

#include <cstdint>
#include <string>

namespace cauce::http {

enum class Method : std::uint8_t { get, head, other };

struct Request {
    Method method = Method::other;
    std::string method_name;  // "GET"
    std::string path;         // "/metrics", as it was written: nothing of it is decoded
    std::string query;        // "verbose", what follows the '?'
    bool version_1_1 = false;
    bool keep_alive = false;  // the client wants to ask more on this connection
    bool has_body = false;    // which is not read
};

}  // namespace cauce::http
