#include "http/response.h"

#include <gtest/gtest.h>

namespace cauce::http {
namespace {

TEST(Response, DatesAreThoseOfTheRfc) {
    EXPECT_EQ(http_date(WallTime{784'111'777'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(WallTime{0}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(WallTime{951'782'399'999}), "Mon, 28 Feb 2000 23:59:59 GMT");
    EXPECT_EQ(http_date(WallTime{951'782'400'000}), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Response, SaysHowItsBodyEnds) {
    const WallTime now{0};
    const std::string whole =
        response_head(Status::ok, kPlainText, {Framing::Kind::length, 12}, false, now);
    EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK\r\n")) << whole;
    EXPECT_TRUE(whole.ends_with("\r\n\r\n"));
    EXPECT_NE(whole.find("\r\nContent-Length: 12\r\n"), std::string::npos) << whole;
    EXPECT_EQ(whole.find("Connection"), std::string::npos) << whole;
    const std::string pieces =
        response_head(Status::ok, kPlainText, {Framing::Kind::chunked, 0}, true, now);
    EXPECT_NE(pieces.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << pieces;
    EXPECT_EQ(pieces.find("Content-Length"), std::string::npos) << pieces;
    EXPECT_NE(pieces.find("\r\nConnection: close\r\n"), std::string::npos) << pieces;
}

TEST(Response, NotAllowedSaysWhatIs) {
    const std::string head = response_head(Status::method_not_allowed, kPlainText, {}, true, {});
    EXPECT_NE(head.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos) << head;
}

}  // namespace
}  // namespace cauce::http
