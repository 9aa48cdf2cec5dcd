#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cauce::inline base {

void check_failed(const char* file, int line, const char* what, const std::string& values) {
    std::fprintf(stderr, "%s:%d: CHECK failed: %s%s\n", file, line, what, values.c_str());
    std::abort();
}

}  // namespace cauce::inline base
