#include "sim/disk_failure.h"

#include <cerrno>
#include <utility>

namespace cauce::sim {

DiskFailure::DiskFailure(SimNode& machine, std::string directory, Fault kind, std::uint64_t calls,
                         bool for_good)
    : machine_(machine),
      below_(std::move(directory) + "/"),
      kind_(kind == Fault::failed_sync ? DiskCall::Kind::sync : DiskCall::Kind::write),
      calls_left_(calls),
      for_good_(for_good) {
    CHECK(kind == Fault::failed_sync || kind == Fault::failed_write, name_of(kind));
    CHECK(calls > 0 && !machine.disk_fault, calls);
    machine_.disk_fault = [this](const DiskCall& call) { return judge(call); };
}

int DiskFailure::judge(const DiskCall& call) {
    if (!call.path.starts_with(below_)) return 0;
    if (!met_) {
        if (call.kind != kind_ || !call.path.ends_with(".log") || --calls_left_ > 0) return 0;
        met_ = true;
        return EIO;
    }
    const bool reads = call.kind == DiskCall::Kind::read || call.kind == DiskCall::Kind::open;
    return for_good_ && !reads ? EIO : 0;
}

}  // namespace cauce::sim
