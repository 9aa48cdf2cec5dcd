// DescriptorReserve: the last descriptors of the process, which connections leave to files. A
// segment that is due, a folder that has to be flushed or a new topic must not fail because of who
// else connects. One for each listener, on its shard.
#pragma once

namespace cauce::runtime::os {

class DescriptorReserve {
public:
    // An eighth of what the process may have now, 16 to 256.
    DescriptorReserve();

    // A connection was given this one. The system gives out the lowest that is free, so its number
    // says how many are in use.
    void took(int descriptor) { low_ = descriptor >= first_; }
    // Whether connections have to wait until others leave. `open`: any descriptor that is open.
    // Costs nothing as long as enough are left.
    bool is_low(int open);

private:
    int first_;
    bool low_ = false;
};

}  // namespace cauce::runtime::os
