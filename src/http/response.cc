#include "http/response.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace cauce::http {

std::string http_date(WallTime at) {
    using namespace std::chrono;
    constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed",
                                                    "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_time<milliseconds> moment{milliseconds(at.ms)};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss time(floor<std::chrono::seconds>(moment - day));
    const auto two = [](auto number) {
        const std::string text = std::to_string(number);
        return text.size() < 2 ? "0" + text : text;
    };
    std::string out(kDays[weekday(day).c_encoding()]);
    out += ", " + two(static_cast<unsigned>(date.day())) + " ";
    out += kMonths[static_cast<unsigned>(date.month()) - 1];
    out += " " + std::to_string(static_cast<int>(date.year())) + " " + two(time.hours().count()) +
           ":" + two(time.minutes().count()) + ":" + two(time.seconds().count()) + " GMT";
    return out;
}

std::string response_head(Status status, std::string_view content_type, Framing framing, bool close,
                          WallTime now) {
    std::string out = "HTTP/1.1 " + std::to_string(static_cast<int>(status)) + " ";
    out += reason_of(status);
    out += "\r\nDate: " + http_date(now) + "\r\nContent-Type: ";
    out += content_type;
    switch (framing.kind) {
        case Framing::Kind::length:
            out += "\r\nContent-Length: " + std::to_string(framing.length);
            break;
        case Framing::Kind::chunked:
            out += "\r\nTransfer-Encoding: chunked";
            break;
        case Framing::Kind::until_close:
            break;
    }
    if (status == Status::method_not_allowed) out += "\r\nAllow: GET, HEAD";
    if (close) out += "\r\nConnection: close";
    // Numbers of this moment, and text that may hold what a request said.
    out += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n";
    return out;
}

}  // namespace cauce::http
