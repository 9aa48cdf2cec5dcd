// Standard input and output of the process, awaited like any other stream, on shard 0. Their flags
// are left alone: whoever started the process shares them.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/os/runtime.h"
#include "runtime/task.h"

#include <memory>

namespace cauce::runtime::os {

class AwaitedDescriptor;

class StandardInput {
public:
    explicit StandardInput(Runtime& runtime, int descriptor = 0);
    ~StandardInput();

    // At least one byte; 0 at the end. One at a time.
    Task<IoResult<std::size_t>> read_some(MutableBytes into);
    // Ends a pending read, and every later one, with ECANCELED. Idempotent.
    void close();

private:
    std::unique_ptr<AwaitedDescriptor> descriptor_;
};

class StandardOutput {
public:
    // 1: standard output, 2: standard error.
    StandardOutput(Runtime& runtime, int descriptor);
    ~StandardOutput();

    // All of it, waiting for a slow reader. EPIPE when nobody reads any more. One at a time.
    Task<IoResult<void>> write(BytesView bytes);
    // Ends a pending write, and every later one, with ECANCELED. Idempotent.
    void close();

private:
    std::unique_ptr<AwaitedDescriptor> descriptor_;
};

}  // namespace cauce::runtime::os
