#include "runtime/os/entropy.h"

#include "base/check.h"

#include <cerrno>
#include <sys/random.h>

namespace cauce::runtime::os {

void fill_with_entropy(MutableBytes into) {
    while (!into.empty()) {
        const ssize_t got = ::getrandom(into.data(), into.size(), 0);
        CHECK(got > 0 || errno == EINTR, errno);
        if (got > 0) into = into.subspan(static_cast<std::size_t>(got));
    }
}

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    fill_with_entropy({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
    return seed;
}

}  // namespace cauce::runtime::os
