// Standard input and output as the command line wants them.
#pragma once

#include "cli/environment.h"
#include "runtime/os/standard_streams.h"

namespace cauce::broker {

class Input final : public cli::ByteSource {
public:
    explicit Input(runtime::os::Runtime& runtime) : stream_(runtime) {}
    runtime::Task<IoResult<std::size_t>> read_some(MutableBytes into) override {
        return stream_.read_some(into);
    }
    void close() override { stream_.close(); }

private:
    runtime::os::StandardInput stream_;
};

class Output final : public cli::ByteSink {
public:
    Output(runtime::os::Runtime& runtime, int descriptor) : stream_(runtime, descriptor) {}
    runtime::Task<IoResult<void>> write(BytesView bytes) override { return stream_.write(bytes); }

private:
    runtime::os::StandardOutput stream_;
};

}  // namespace cauce::broker
