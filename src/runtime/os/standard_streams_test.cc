#include "runtime/os/standard_streams.h"

#include "runtime/os/test_runtime.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace cauce::runtime::os {
namespace {

struct Pipe {
    Pipe() { CHECK(::pipe(ends) == 0); }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    void close_reader() {
        if (ends[0] >= 0) ::close(std::exchange(ends[0], -1));
    }
    void close_writer() {
        if (ends[1] >= 0) ::close(std::exchange(ends[1], -1));
    }
    int ends[2];
};

Task<void> read_to_end(StandardInput& input, std::string& all) {
    Buffer buffer(1000);
    while (true) {
        const std::size_t got = take(co_await input.read_some(buffer));
        if (got == 0) co_return;
        all += as_text(BytesView(buffer).first(got));
    }
}

Task<void> write_to_end(StandardOutput& output, const std::string& all, Pipe& pipe) {
    take(co_await output.write(as_bytes(all)));
    pipe.close_writer();
}

Task<void> through_a_pipe(Runtime& runtime) {
    Pipe pipe;
    StandardInput input(runtime, pipe.ends[0]);
    std::string sent;
    for (int i = 0; i < 100'000; ++i)
        sent += std::to_string(i);
    std::string got;
    {
        // Far more than the pipe holds: the writer must wait for the reader.
        StandardOutput output(runtime, pipe.ends[1]);
        TaskGroup group(runtime.shards(0).ready());
        group.spawn(write_to_end(output, sent, pipe));
        group.spawn(read_to_end(input, got));
        co_await group.join();
    }
    EXPECT_EQ(got, sent);
}

TEST(StandardStreams, APipeIsWaitedForOnBothEnds) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return through_a_pipe(*runtime); });
}

Task<void> read_error(StandardInput& input, int& error) {
    Buffer buffer(10);
    const auto got = co_await input.read_some(buffer);
    if (!got) error = got.error().number;
}

Task<void> write_error(StandardOutput& output, int& error) {
    const Buffer bytes(1 << 20);
    const auto wrote = co_await output.write(bytes);
    if (!wrote) error = wrote.error().number;
}

Task<void> close_both(Runtime& runtime, int& reading, int& writing) {
    Pipe in;
    Pipe out;
    StandardInput input(runtime, in.ends[0]);
    StandardOutput output(runtime, out.ends[1]);
    TaskGroup group(runtime.shards(0).ready());
    group.spawn(read_error(input, reading));
    group.spawn(write_error(output, writing));
    Shards& here = runtime.shards(0);
    co_await here.sleep_until(here.clock().now() + milliseconds(10));
    EXPECT_EQ(reading, 0);
    EXPECT_EQ(writing, 0);
    input.close();
    output.close();
    co_await group.join();
}

TEST(StandardStreams, CloseEndsWhatIsPending) {
    const auto runtime = make_runtime();
    int reading = 0;
    int writing = 0;
    run_on_first(*runtime, [&] { return close_both(*runtime, reading, writing); });
    EXPECT_EQ(reading, ECANCELED);
    EXPECT_EQ(writing, ECANCELED);
}

Task<void> nobody_reads(Runtime& runtime, int& error) {
    Pipe pipe;
    StandardOutput output(runtime, pipe.ends[1]);
    pipe.close_reader();
    co_await write_error(output, error);
}

TEST(StandardStreams, APipeThatNobodyReadsIsAnError) {
    const auto runtime = make_runtime();
    int error = 0;
    run_on_first(*runtime, [&] { return nobody_reads(*runtime, error); });
    EXPECT_EQ(error, EPIPE);
}

Task<void> files(Runtime& runtime, const TemporaryFolder& folder) {
    const int descriptor = ::open(folder.file("a").c_str(), O_RDWR | O_CREAT, 0600);
    const int null = ::open("/dev/null", O_RDWR);
    StandardOutput output(runtime, descriptor);
    const std::string sent(100'000, 'x');
    take(co_await output.write(as_bytes(sent)));
    ::lseek(descriptor, 0, SEEK_SET);
    StandardInput input(runtime, descriptor);
    std::string got;
    co_await read_to_end(input, got);
    EXPECT_EQ(got, sent);

    StandardOutput nowhere(runtime, null);
    take(co_await nowhere.write(as_bytes(sent)));
    StandardInput nothing(runtime, null);
    std::string none;
    co_await read_to_end(nothing, none);
    EXPECT_EQ(none, "");
    ::close(descriptor);
    ::close(null);
}

TEST(StandardStreams, FilesAndTheNullDeviceAreAlwaysReady) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return files(*runtime, folder); });
}

}  // namespace
}  // namespace cauce::runtime::os
