#include "http/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::http {
namespace {

constexpr std::size_t kHeadMax = 256;

// What came out of `text` when it arrives in pieces of at most `piece` bytes.
struct Read {
    std::vector<Request> requests;
    std::optional<Refusal> refusal;
};
Read read(std::string_view text, std::size_t piece = 1000) {
    Read out;
    RequestReader reader(kHeadMax);
    while (true) {
        auto next = reader.next();
        if (!next) {
            out.refusal = next.error();
            return out;
        }
        if (*next) {
            out.requests.push_back(**next);
            continue;
        }
        if (text.empty()) return out;
        const MutableBytes room = reader.room();
        const std::size_t count = std::min({piece, text.size(), room.size()});
        std::copy_n(text.begin(), count, room.begin());
        reader.received(count);
        text.remove_prefix(count);
    }
}

struct Case {
    std::string_view text;
    Method method;
    std::string_view path;
    std::string_view query;
    bool keep_alive;
    bool has_body;
};
constexpr Case kUnderstood[] = {
    {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", Method::get, "/metrics", "", true, false},
    {"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n", Method::get, "/metrics", "", false,
     false},
    {"GET / HTTP/1.0\r\n\r\n", Method::get, "/", "", false, false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Method::get, "/", "", true, false},
    {"HEAD /readyz?verbose HTTP/1.1\r\n\r\n", Method::head, "/readyz", "verbose", true, false},
    {"GET /a?b?c HTTP/1.1\r\n\r\n", Method::get, "/a", "b?c", true, false},
    {"\r\n\r\nGET /a HTTP/1.1\r\n\r\n", Method::get, "/a", "", true, false},
    {"GET http://host:8080/livez?x HTTP/1.1\r\n\r\n", Method::get, "/livez", "x", true, false},
    {"GET http://host HTTP/1.1\r\n\r\n", Method::get, "/", "", true, false},
    {"POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", Method::other, "/a", "", true, false},
    {"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", Method::other, "/a", "", true, true},
    {"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Method::other, "/a", "", true, true},
    {"BREW /a HTTP/1.1\r\n\r\n", Method::other, "/a", "", true, false},
};

TEST(RequestReader, UnderstandsRequestsInPiecesOfAnySize) {
    for (const Case& c : kUnderstood) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
            const std::string_view head = c.text.substr(0, c.text.rfind("\r\n\r\n") + 4);
            const Read got = read(head, piece);
            ASSERT_FALSE(got.refusal) << c.text << got.refusal->why;
            ASSERT_EQ(got.requests.size(), 1u) << c.text;
            const Request& request = got.requests[0];
            EXPECT_EQ(request.method, c.method) << c.text;
            EXPECT_EQ(request.path, c.path) << c.text;
            EXPECT_EQ(request.query, c.query) << c.text;
            EXPECT_EQ(request.keep_alive, c.keep_alive) << c.text;
            EXPECT_EQ(request.has_body, c.has_body) << c.text;
        }
    }
}

TEST(RequestReader, SeveralInOnePiece) {
    const Read got = read("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HT");
    ASSERT_FALSE(got.refusal);
    ASSERT_EQ(got.requests.size(), 2u);
    EXPECT_EQ(got.requests[0].path, "/a");
    EXPECT_EQ(got.requests[1].path, "/b");
}

struct Refused {
    std::string text;
    Status status;
};

TEST(RequestReader, RefusesWithAReason) {
    const Refused cases[] = {
        {std::string("\0\0\0\x10\0\x12\0\0\0\0\0\x01", 12) + "kafka\r\n\r\n", Status::bad_request},
        {"\x16\x03\x01\x02 a TLS hello\r\n\r\n", Status::bad_request},
        {"GET\r\n\r\n", Status::bad_request},
        {"GET / HTTP/2.0\r\n\r\n", Status::bad_request},
        {"GET / HTTP/1.1\r\nno colon here\r\n\r\n", Status::bad_request},
        {"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", Status::bad_request},
        {"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Status::bad_request},
        {"GET /" + std::string(kHeadMax, 'a') + " HTTP/1.1\r\n\r\n", Status::header_too_large},
        {"GET / HTTP/1.1\r\nX: " + std::string(kHeadMax, 'a') + "\r\n\r\n",
         Status::header_too_large},
        {std::string(2 * kHeadMax, 'G'), Status::header_too_large},
    };
    for (const Refused& c : cases) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
            const Read got = read(c.text, piece);
            ASSERT_TRUE(got.refusal) << c.text;
            EXPECT_EQ(got.refusal->status, c.status) << c.text << got.refusal->why;
            EXPECT_FALSE(got.refusal->why.empty());
            EXPECT_TRUE(got.requests.empty());
        }
    }
}

// Many small fields are one large head too.
TEST(RequestReader, CountsAllFieldsTogether) {
    std::string text = "GET / HTTP/1.1\r\n";
    while (text.size() < kHeadMax)
        text += "A: b\r\n";
    text += "\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{20}, std::size_t{1000}}) {
        const Read got = read(text, piece);
        ASSERT_TRUE(got.refusal) << piece;
        EXPECT_EQ(got.refusal->status, Status::header_too_large);
    }
}

TEST(RequestReader, TheLargestHeadFits) {
    std::string text = "GET / HTTP/1.1\r\nX: ";
    text += std::string(kHeadMax - text.size() - 4, 'a') + "\r\n\r\n";
    ASSERT_EQ(text.size(), kHeadMax);
    const Read got = read(text, 10);
    ASSERT_FALSE(got.refusal) << got.refusal->why;
    EXPECT_EQ(got.requests.size(), 1u);
}

TEST(RequestReader, IsEmptyBetweenRequests) {
    RequestReader reader(kHeadMax);
    EXPECT_TRUE(reader.empty());
    const std::string_view text = "GET / HTTP/1.1\r\n\r\nG";
    std::ranges::copy(text, reader.room().begin());
    reader.received(text.size());
    EXPECT_FALSE(reader.empty());
    ASSERT_TRUE(reader.next()->has_value());
    EXPECT_FALSE(reader.empty());  // the G
    EXPECT_FALSE(reader.next()->has_value());
}

}  // namespace
}  // namespace cauce::http
