// CHECK: an invariant of our own code. A failed one is a bug, and the process ends with the place
// and the values rather than guess on: wrong answers and damaged logs cost more than a restart.
// CHECK is on in release too. DCHECK is for costly ones: on unless NDEBUG.
// Never for input: what a peer, a disk or a user can cause is a Result.
#pragma once

#include <sstream>
#include <string>

namespace cauce::inline base {

[[noreturn]] void check_failed(const char* file, int line, const char* what,
                               const std::string& values);

namespace check_detail {
template <typename... Values>
std::string describe(const Values&... values) {
    std::ostringstream out;
    ((out << ' ' << values), ...);
    return out.str();
}
}  // namespace check_detail

}  // namespace cauce::inline base

// CHECK(condition, values...): the values are printed when the condition does not hold.
#define CHECK(condition, ...)                                                    \
    do {                                                                         \
        if (!(condition)) [[unlikely]]                                           \
            ::cauce::check_failed(__FILE__, __LINE__, #condition,                \
                                  ::cauce::check_detail::describe(__VA_ARGS__)); \
    } while (false)

#ifdef NDEBUG
#define DCHECK(condition, ...)        \
    do {                              \
        if (false) (void)(condition); \
    } while (false)
#else
#define DCHECK(condition, ...) CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
