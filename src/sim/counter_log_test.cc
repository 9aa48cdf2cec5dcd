// The simulator against a node small enough to be right at a glance: it appends each number it is
// sent to a file and answers when that is durable. Crashed a thousand times it must never lose an
// answered number; with a bug planted the checker must notice.
#include "sim/close_at.h"
#include "sim/world.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::File;
using runtime::OpenMode;
using runtime::Stream;
using runtime::Task;
using runtime::WritePart;

enum class Bug : std::uint8_t {
    none,
    no_sync,           // answers without a sync
    answer_too_early,  // answers, then syncs
    no_folder_sync,    // never makes the file's name durable
    trusts_the_tail,   // takes the file's size for the end of the log
};

// A record: a number and its complement, so that a torn one is recognised.
constexpr std::size_t kRecordSize = 16;
constexpr std::string_view kLogPath = "/log";

std::array<std::uint8_t, kRecordSize> encode(std::uint64_t number) {
    std::array<std::uint8_t, kRecordSize> bytes;
    store_big_endian(bytes.data(), number);
    store_big_endian(bytes.data() + 8, ~number);
    return bytes;
}

// Nothing when the bytes are no record.
std::optional<std::uint64_t> decode(BytesView bytes) {
    const auto number = load_big_endian<std::uint64_t>(bytes.data());
    if (load_big_endian<std::uint64_t>(bytes.data() + 8) != ~number) return std::nullopt;
    return number;
}

Task<bool> read_exactly(Stream& stream, MutableBytes into) {
    while (!into.empty()) {
        const auto got = co_await stream.read_some(into);
        if (!got || *got == 0) co_return false;
        into = into.subspan(*got);
    }
    co_return true;
}

Task<bool> write_all(Stream& stream, BytesView bytes) {
    const WritePart part = bytes;
    co_return (co_await stream.write(std::span(&part, 1))).has_value();
}

struct Log {
    std::unique_ptr<File> file;
    std::uint64_t end = 0;
    Bug bug = Bug::none;
};

Task<void> recover(NodeSeams& seams, Log& log) {
    auto opened = seams.disk.open(kLogPath, OpenMode::create);
    CHECK(opened.has_value());
    log.file = std::move(*opened);
    if (log.bug != Bug::no_folder_sync) CHECK((co_await seams.disk.sync_folder("/")).has_value());
    const std::uint64_t size = log.file->size().value();
    Buffer record(kRecordSize);
    while (log.end + kRecordSize <= size) {
        const auto read = co_await log.file->read_at(log.end, record);
        CHECK(read.has_value());
        if (log.bug != Bug::trusts_the_tail && !decode(record)) break;
        log.end += kRecordSize;
    }
    CHECK(log.file->truncate(log.end).has_value());
    CHECK((co_await log.file->sync()).has_value());
}

Task<void> append_numbers(Log& log, std::unique_ptr<Stream> stream) {
    Buffer request(8);
    while (co_await read_exactly(*stream, request)) {
        const auto record = encode(load_big_endian<std::uint64_t>(request.data()));
        // The place is taken before anything suspends: other connections append meanwhile.
        const std::uint64_t position = log.end;
        log.end += kRecordSize;
        CHECK(log.file->write_at(position, BytesView(record)).has_value());
        if (log.bug == Bug::answer_too_early) {
            if (!co_await write_all(*stream, request)) co_return;
        }
        if (log.bug != Bug::no_sync) CHECK((co_await log.file->sync()).has_value());
        if (log.bug != Bug::answer_too_early) {
            if (!co_await write_all(*stream, request)) co_return;
        }
    }
}

Task<void> serve(NodeSeams& seams, Bug bug) {
    Log log;
    log.bug = bug;
    co_await recover(seams, log);
    auto listener = co_await seams.net.listen({"", 1});
    CHECK(listener.has_value());
    runtime::TaskGroup connections(seams.shards.ready());
    while (true) {
        auto stream = co_await (*listener)->accept();
        if (!stream) co_return;
        connections.spawn(append_numbers(log, seams.net.attach(std::move(*stream))));
    }
}

// Sends numbers, each until it is answered, and notes the answers.
Task<void> send_numbers(NodeSeams& seams, std::uint64_t first, std::set<std::uint64_t>& answered) {
    std::uint64_t number = first;
    while (true) {
        const MonoTime deadline = seams.shards.clock().now() + seconds(1);
        auto stream = co_await seams.net.connect({"server", 1}, deadline);
        if (!stream) {
            const MonoTime later = seams.shards.clock().now() + milliseconds(5);
            co_await seams.shards.sleep_until(later);
            continue;
        }
        Buffer request(8), answer(8);
        while (true) {
            const MonoTime give_up = seams.shards.clock().now() + milliseconds(300);
            const CloseAt patience(**stream, seams.shards.timers(), give_up);
            store_big_endian(request.data(), number);
            if (!co_await write_all(**stream, request)) break;
            if (!co_await read_exactly(**stream, answer)) break;
            CHECK(answer == request);
            answered.insert(number++);
        }
    }
}

// What the disk holds: the records up to the first that is none.
std::set<std::uint64_t> numbers_on(DiskImage& disk) {
    std::set<std::uint64_t> numbers;
    const auto file = disk.open(kLogPath, OpenMode::read);
    if (!file) return numbers;
    Buffer record(kRecordSize);
    for (std::uint64_t at = 0; disk.read(*file, at, record) == kRecordSize; at += kRecordSize) {
        const std::optional<std::uint64_t> number = decode(record);
        if (!number) break;
        numbers.insert(*number);
    }
    disk.close(*file);
    return numbers;
}

struct Outcome {
    bool lost = false;
    std::size_t answered = 0;
};

// Crashes a loaded server `crashes` times in all ways there are.
Outcome run(std::uint64_t seed, int crashes, Bug bug) {
    World world({.seed = seed, .log_level = std::nullopt});
    SimNode& server = world.add_node("server", 1);
    SimNode& clients = world.add_node("clients", 2);
    const Program program = [bug](NodeSeams& seams, unsigned) { return serve(seams, bug); };
    std::set<std::uint64_t> answered;
    world.start(server, program);
    world.start(clients, [&](NodeSeams& seams, unsigned shard) {
        return send_numbers(seams, shard * 1'000'000, answered);
    });
    Outcome outcome;
    for (int crash = 0; crash < crashes; ++crash) {
        // Long enough to serve again, or so short that the recovery itself is hit.
        const Duration pause =
            world.random().one_in(4) ? std::chrono::microseconds(500) : milliseconds(60);
        world.run_for(Duration(world.random().between(0, pause.count())));
        const bool power = world.random().one_in(2);
        if (world.random().one_in(2)) {
            world.kill_in_disk_call(server, 1 + world.random().below(5), power);
            world.run_until([&] { return !world.running(server); }, world.now() + seconds(60));
        } else if (power) {
            world.power_loss(server);
        } else {
            world.kill(server);
        }
        CHECK(!world.running(server));
        const std::set<std::uint64_t> kept = numbers_on(server.disk);
        for (const std::uint64_t number : answered)
            outcome.lost |= !kept.contains(number);
        if (outcome.lost) break;
        world.start(server, program);
    }
    outcome.answered = answered.size();
    return outcome;
}

TEST(CounterLog, AThousandCrashesLoseNothingAnswered) {
    std::size_t answered = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const Outcome outcome = run(seed, 20, Bug::none);
        ASSERT_FALSE(outcome.lost) << "seed " << seed;
        answered += outcome.answered;
    }
    EXPECT_GT(answered, 10'000u);
}

TEST(CounterLog, EveryPlantedBugIsFound) {
    for (const Bug bug :
         {Bug::no_sync, Bug::answer_too_early, Bug::no_folder_sync, Bug::trusts_the_tail}) {
        std::uint64_t seed = 1;
        while (seed <= 50 && !run(seed, 20, bug).lost)
            ++seed;
        EXPECT_LE(seed, 50u) << "bug " << static_cast<int>(bug);
    }
}

}  // namespace
}  // namespace cauce::sim
