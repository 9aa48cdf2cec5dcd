#include "sim/read_failure.h"

#include "base/check.h"

#include <cerrno>
#include <utility>

namespace cauce::sim {

ReadFailure::ReadFailure(SimNode& machine, std::string directory, std::uint64_t one_in,
                         std::uint64_t seed)
    : machine_(machine), below_(std::move(directory) + "/"), one_in_(one_in), random_(seed) {
    CHECK(one_in > 0 && !machine.disk_fault, one_in);
    machine_.disk_fault = [this](const DiskCall& call) { return judge(call); };
}

int ReadFailure::judge(const DiskCall& call) {
    if (call.kind != DiskCall::Kind::read || !call.path.starts_with(below_)) return 0;
    if (!random_.one_in(one_in_)) return 0;
    ++count_;
    return EIO;
}

}  // namespace cauce::sim
