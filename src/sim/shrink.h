// Shrinking: a seed that failed is run again with less of everything, as long as it still fails, so
// that whoever looks at it has less to look at. What is left out changes what comes after it; that
// the same seed fails in a smaller form is luck, and usually there.
#pragma once

#include "sim/crash_run.h"

#include <functional>

namespace cauce::sim {

// `failed` has findings, and faults and clients as its plan says. `fails` runs a smaller form and
// says whether it fails too; it is asked at most `tries` times. Returns the smallest form that
// failed.
CrashRunOptions shrink(CrashRunOptions failed, const FaultCounts& faults,
                       const std::function<bool(const CrashRunOptions&)>& fails, int tries = 40);

}  // namespace cauce::sim
