// The simulated seams themselves, with small programs on them.
#include "sim/world.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Address;
using runtime::OpenMode;
using runtime::Stream;
using runtime::Task;
using runtime::WritePart;

constexpr std::uint16_t kPort = 9;

Task<IoResult<void>> write_text(Stream& stream, std::string_view text) {
    const WritePart part = as_bytes(text);
    co_return co_await stream.write(std::span(&part, 1));
}

// Reads until `size` bytes are there or the stream ends; `pieces` gets the size of each read.
Task<IoResult<std::string>> read_text(Stream& stream, std::size_t size,
                                      std::vector<std::size_t>* pieces = nullptr) {
    std::string text;
    Buffer buffer(4096);
    while (text.size() < size) {
        const MutableBytes into =
            MutableBytes(buffer).first(std::min(buffer.size(), size - text.size()));
        ASSIGN_OR_CO_RETURN(const std::size_t got, co_await stream.read_some(into));
        if (got == 0) break;
        if (pieces) pieces->push_back(got);
        text += as_text(BytesView(buffer).first(got));
    }
    co_return text;
}

Task<void> echo_connection(std::unique_ptr<Stream> stream) {
    Buffer buffer(1000);
    while (true) {
        const auto got = co_await stream->read_some(buffer);
        if (!got || *got == 0) co_return;
        const WritePart part = BytesView(buffer).first(*got);
        if (!co_await stream->write(std::span(&part, 1))) co_return;
    }
}

// Listens on shard 0 and spreads its connections over the shards.
Task<void> echo_server(NodeSeams& seams, unsigned shard) {
    if (shard != 0) {
        co_await seams.shards.sleep_until(MonoTime::never());
    }
    auto listener = co_await seams.net.listen({"", kPort});
    CHECK(listener.has_value());
    runtime::TaskGroup connections(seams.shards.ready());
    while (true) {
        auto stream = co_await (*listener)->accept();
        if (!stream) co_return;
        connections.spawn(echo_connection(seams.net.attach(std::move(*stream))));
    }
}

struct EchoReport {
    int rounds = 0;
    std::vector<std::size_t> pieces;
    bool wrong = false;
    bool finished = false;
};

Task<void> echo_client(NodeSeams& seams, EchoReport& report, int rounds) {
    const MonoTime deadline = seams.shards.clock().now() + seconds(10);
    auto stream = co_await seams.net.connect({"server", kPort}, deadline);
    CHECK(stream.has_value());
    for (int i = 0; i < rounds; ++i) {
        const std::string text(1 + seams.shards.random().below(3000),
                               static_cast<char>('a' + i % 26));
        CHECK((co_await write_text(**stream, text)).has_value());
        const auto answer = co_await read_text(**stream, text.size(), &report.pieces);
        report.wrong |= !answer || *answer != text;
        ++report.rounds;
    }
    report.finished = true;
}

struct EchoWorld {
    explicit EchoWorld(std::uint64_t seed)
        : world({.seed = seed}),
          server(world.add_node("server", 2)),
          client(world.add_node("client", 1)) {
        world.start(server, echo_server);
    }

    void run_client(int rounds) {
        world.run_for(milliseconds(10));  // let the server listen
        world.start(client, [this, rounds](NodeSeams& seams, unsigned) {
            return echo_client(seams, report, rounds);
        });
    }

    World world;
    SimNode& server;
    SimNode& client;
    EchoReport report;
};

TEST(World, BytesArriveInOrderInPiecesOfManySizes) {
    std::set<std::size_t> sizes;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        EchoWorld echo(seed);
        echo.run_client(50);
        ASSERT_TRUE(
            echo.world.run_until([&] { return echo.report.finished; }, MonoTime{seconds(60)}));
        EXPECT_FALSE(echo.report.wrong);
        sizes.insert(echo.report.pieces.begin(), echo.report.pieces.end());
    }
    EXPECT_GT(sizes.size(), 100u);
}

TEST(World, ANodeWhoseProgramEndedIsNotRunning) {
    EchoWorld echo(1);
    echo.run_client(1);
    EXPECT_TRUE(echo.world.running(echo.client));
    echo.world.run_for(seconds(10));
    EXPECT_TRUE(echo.report.finished);
    EXPECT_FALSE(echo.world.running(echo.client));
    EXPECT_TRUE(echo.world.running(echo.server));
}

std::uint64_t hash_of_a_run(std::uint64_t seed) {
    EchoWorld echo(seed);
    echo.run_client(30);
    echo.world.run_for(seconds(5));
    echo.world.power_loss(echo.server);
    echo.world.run_for(seconds(5));
    return echo.world.trace_hash();
}

TEST(World, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const std::uint64_t hash = hash_of_a_run(seed);
        EXPECT_EQ(hash, hash_of_a_run(seed)) << seed;
        hashes.insert(hash);
    }
    EXPECT_EQ(hashes.size(), 20u);
}

Task<void> note_time(NodeSeams& seams, std::vector<MonoTime>& times) {
    const MonoTime start = seams.shards.clock().now();
    co_await seams.shards.sleep_until(start + std::chrono::hours(24));
    times.push_back(start);
    times.push_back(seams.shards.clock().now());
}

TEST(World, TimeJumpsAndTheWallClockFollowsWithItsSkew) {
    World world({.seed = 1});
    SimNode& node = world.add_node("n", 1);
    node.wall_skew = std::chrono::hours(-1);
    std::vector<MonoTime> times;
    world.start(node, [&](NodeSeams& seams, unsigned) { return note_time(seams, times); });
    EXPECT_TRUE(world.run_until([&] { return !world.running(node); }, MonoTime::never()));
    ASSERT_EQ(times.size(), 2u);
    EXPECT_GE(times[1] - times[0], std::chrono::hours(24));
    EXPECT_LT(times[1] - times[0], std::chrono::hours(24) + milliseconds(1));
    EXPECT_LT(world.turns(), 10u);
    const SimClock clock(times[1], node.wall_skew);
    EXPECT_EQ(clock.wall().ms / 3'600'000, kWallStart.ms / 3'600'000 + 23);
}

TEST(World, RunningEndsWhenNothingWillEverHappen) {
    World world({.seed = 1});
    EXPECT_FALSE(world.run_until([] { return false; }, MonoTime::never()));
    EXPECT_FALSE(world.run_until([] { return false; }, MonoTime{seconds(5)}));
    EXPECT_EQ(world.now(), MonoTime{seconds(5)});
}

// Messages between shards: numbers posted from several shards to shard 0.
struct Posted final : runtime::ShardMessage {
    Posted(std::vector<std::pair<unsigned, int>>& log, unsigned origin, int number)
        : log_(log), origin_(origin), number_(number) {}
    void arrive(runtime::Shards& here) override {
        CHECK(here.self() == 0);
        log_.emplace_back(origin_, number_);
    }
    std::vector<std::pair<unsigned, int>>& log_;
    unsigned origin_;
    int number_;
};

Task<void> post_many(NodeSeams& seams, std::vector<std::pair<unsigned, int>>& log) {
    std::vector<std::unique_ptr<Posted>> messages;
    for (int i = 0; i < 20; ++i) {
        messages.push_back(std::make_unique<Posted>(log, seams.shards.self(), i));
        seams.shards.post(0, *messages.back());
        co_await runtime::yield();
    }
    const MonoTime later = seams.shards.clock().now() + seconds(1);
    co_await seams.shards.sleep_until(later);
}

TEST(SimShards, MessagesOfAPairKeepTheirOrderAndPairsMix) {
    std::set<std::vector<std::pair<unsigned, int>>> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world({.seed = seed});
        SimNode& node = world.add_node("n", 3);
        std::vector<std::pair<unsigned, int>> log;
        world.start(node, [&](NodeSeams& seams, unsigned) { return post_many(seams, log); });
        world.run_for(seconds(2));
        ASSERT_EQ(log.size(), 60u);
        int next[3] = {0, 0, 0};
        for (const auto& [origin, number] : log)
            EXPECT_EQ(number, next[origin]++);
        orders.insert(log);
    }
    EXPECT_EQ(orders.size(), 20u);
}

Task<int> shard_number(runtime::Shards& there) {
    co_return static_cast<int>(there.self());
}

Task<void> stay(NodeSeams& seams) {
    co_await seams.shards.sleep_until(MonoTime::never());
}

Task<void> call_others(SimNode& node, NodeSeams& seams, std::vector<int>& answers) {
    for (unsigned shard = 0; shard < seams.shards.count(); ++shard) {
        runtime::Shards& there = *node.life->shards[shard];
        answers.push_back(
            co_await seams.shards.on(shard, [&there] { return shard_number(there); }));
    }
}

TEST(SimShards, ACallRunsOnTheOtherShardAndComesBack) {
    World world({.seed = 3});
    SimNode& node = world.add_node("n", 4);
    std::vector<int> answers;
    world.start(node, [&](NodeSeams& seams, unsigned shard) {
        return shard == 2 ? call_others(node, seams, answers) : stay(seams);
    });
    world.run_for(milliseconds(500));
    EXPECT_EQ(answers, (std::vector<int>{0, 1, 2, 3}));
}

// What a client meets when the server goes away in some way.
struct Ending {
    std::string connected;
    std::string second_read;
    std::string write_after;
    std::string read_after_write;
    MonoTime connected_at;
    MonoTime ended_at;
    bool done = false;
};

std::string outcome(const IoResult<std::string>& result) {
    if (result) return result->empty() ? "end" : *result;
    return result.error().number == ECONNRESET     ? "reset"
           : result.error().number == ECANCELED    ? "canceled"
           : result.error().number == ETIMEDOUT    ? "timeout"
           : result.error().number == ECONNREFUSED ? "refused"
           : result.error().number == EPIPE        ? "pipe"
                                                   : result.error().to_string();
}

std::string outcome(const IoResult<void>& result) {
    if (result) return "ok";
    return outcome(IoResult<std::string>(std::unexpected(result.error())));
}

Task<void> watch_ending(NodeSeams& seams, Ending& ending) {
    const MonoTime deadline = seams.shards.clock().now() + seconds(5);
    auto stream = co_await seams.net.connect({"server", kPort}, deadline);
    if (!stream) {
        ending.connected = outcome(IoResult<std::string>(std::unexpected(stream.error())));
        ending.ended_at = seams.shards.clock().now();
        ending.done = true;
        co_return;
    }
    CHECK((co_await write_text(**stream, "ping")).has_value());
    ending.connected = outcome(co_await read_text(**stream, 4));
    ending.connected_at = seams.shards.clock().now();
    ending.second_read = outcome(co_await read_text(**stream, 4));
    ending.ended_at = seams.shards.clock().now();
    ending.write_after = outcome(co_await write_text(**stream, "more"));
    ending.read_after_write = outcome(co_await read_text(**stream, 4));
    ending.done = true;
}

struct EndingWorld : EchoWorld {
    explicit EndingWorld(std::uint64_t seed) : EchoWorld(seed) {
        world.run_for(milliseconds(10));
        world.start(client,
                    [this](NodeSeams& seams, unsigned) { return watch_ending(seams, ending); });
    }
    Ending ending;
};

TEST(SimNet, AKilledProcessEndsItsConnections) {
    EndingWorld run(5);
    ASSERT_TRUE(
        run.world.run_until([&] { return run.ending.connected == "ping"; }, MonoTime{seconds(5)}));
    run.world.kill(run.server);
    ASSERT_TRUE(run.world.run_until([&] { return run.ending.done; }, MonoTime{seconds(5)}));
    EXPECT_EQ(run.ending.second_read, "end");
    EXPECT_EQ(run.ending.write_after, "ok");  // it cannot know yet
    EXPECT_EQ(run.ending.read_after_write, "end");
}

TEST(SimNet, AfterAPowerLossThereIsSilenceUntilTheMachineIsBack) {
    EndingWorld run(5);
    ASSERT_TRUE(
        run.world.run_until([&] { return run.ending.connected == "ping"; }, MonoTime{seconds(5)}));
    run.world.power_loss(run.server);
    run.world.run_for(seconds(60));
    EXPECT_EQ(run.ending.second_read,
              "");  // half open: it has nothing to send, so it waits for good
}

TEST(SimNet, BrokenConnectionsAreResetAtBothEnds) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        EndingWorld run(seed);
        ASSERT_TRUE(run.world.run_until([&] { return run.ending.connected == "ping"; },
                                        MonoTime{seconds(5)}));
        run.world.break_connections(run.server);
        ASSERT_TRUE(run.world.run_until([&] { return run.ending.done; }, MonoTime{seconds(10)}));
        EXPECT_EQ(run.ending.second_read, "reset") << seed;
        EXPECT_EQ(run.ending.write_after, "pipe") << seed;
        EXPECT_EQ(run.ending.read_after_write, "reset") << seed;
        // Who comes anew is served.
        EXPECT_TRUE(run.world.running(run.server));
        run.run_client(3);
        EXPECT_TRUE(run.world.run_until([&] { return run.report.finished; },
                                        run.world.now() + seconds(10)));
        EXPECT_FALSE(run.report.wrong);
    }
}

TEST(World, SlowMachinesTakeLonger) {
    const auto took = [](std::int64_t slowness) {
        EchoWorld echo(7);
        echo.server.net_slowness = slowness;
        echo.run_client(20);
        EXPECT_TRUE(
            echo.world.run_until([&] { return echo.report.finished; }, MonoTime{seconds(600)}));
        EXPECT_FALSE(echo.report.wrong);
        return echo.world.now() - MonoTime();
    };
    EXPECT_GT(took(100), took(1) * 20);
}

Task<void> keep_sending(NodeSeams& seams, std::string& ended, MonoTime& when) {
    auto stream = co_await seams.net.connect({"server", kPort}, MonoTime::never());
    CHECK(stream.has_value());
    while (true) {
        const auto written = co_await write_text(**stream, "ping");
        if (!written) {
            ended = outcome(written);
            break;
        }
        const MonoTime next = seams.shards.clock().now() + seconds(1);
        co_await seams.shards.sleep_until(next);
    }
    when = seams.shards.clock().now();
}

TEST(SimNet, ASenderLearnsOfALostEndWhenTheMachineAnswersAgain) {
    EchoWorld echo(7);
    std::string ended;
    MonoTime when;
    echo.world.run_for(milliseconds(10));
    echo.world.start(echo.client,
                     [&](NodeSeams& seams, unsigned) { return keep_sending(seams, ended, when); });
    echo.world.run_for(seconds(5));
    echo.world.power_loss(echo.server);
    echo.world.run_for(seconds(30));
    EXPECT_EQ(ended, "");
    echo.world.start(echo.server, echo_server);
    echo.world.run_for(seconds(15));
    EXPECT_EQ(ended, "pipe");
    EXPECT_GT(when, MonoTime{seconds(35)});
}

TEST(SimNet, ACutWayDelaysAndLosesNothing) {
    EndingWorld run(8);
    run.world.cut(run.client, run.server);
    ASSERT_FALSE(run.world.run_until(
        [&] { return run.ending.done || !run.ending.connected.empty(); }, MonoTime{seconds(3)}));
    run.world.heal(run.client, run.server);
    ASSERT_TRUE(
        run.world.run_until([&] { return run.ending.connected == "ping"; }, MonoTime{seconds(6)}));
    EXPECT_GT(run.ending.connected_at, MonoTime{seconds(3)});
}

TEST(SimNet, ConnectingMeetsNobodySilenceOrAnUnknownName) {
    {
        EndingWorld refused(9);
        refused.world.kill(refused.server);
        ASSERT_TRUE(
            refused.world.run_until([&] { return refused.ending.done; }, MonoTime{seconds(9)}));
        EXPECT_EQ(refused.ending.connected, "refused");
    }
    {
        EndingWorld silent(9);
        silent.world.power_loss(silent.server);
        ASSERT_TRUE(
            silent.world.run_until([&] { return silent.ending.done; }, MonoTime{seconds(9)}));
        EXPECT_EQ(silent.ending.connected, "timeout");
        EXPECT_GE(silent.ending.ended_at, MonoTime{seconds(5)});
    }
}

Task<void> listen_and_close(NodeSeams& seams, std::vector<int>& errors) {
    auto first = co_await seams.net.listen({"", 0});
    const std::uint16_t port = (*first)->local().port;
    auto second = co_await seams.net.listen({"localhost", port});
    errors.push_back(second ? 0 : second.error().number);
    (*first)->close();
    const auto accepted = co_await (*first)->accept();
    errors.push_back(accepted ? 0 : accepted.error().number);
    second = co_await seams.net.listen({"localhost", port});
    errors.push_back(second ? 0 : second.error().number);
    const auto elsewhere = co_await seams.net.listen({"other", port});
    errors.push_back(elsewhere ? 0 : elsewhere.error().number);
    const auto unknown = co_await seams.net.connect({"nowhere", port}, MonoTime::never());
    errors.push_back(unknown ? 0 : unknown.error().number);
}

TEST(SimNet, AddressesAreTakenOnceAndFreedByClose) {
    World world({.seed = 1});
    SimNode& node = world.add_node("n", 1);
    std::vector<int> errors;
    world.start(node, [&](NodeSeams& seams, unsigned) { return listen_and_close(seams, errors); });
    world.run_for(seconds(1));
    EXPECT_EQ(errors, (std::vector<int>{EADDRINUSE, ECANCELED, 0, EADDRNOTAVAIL, EHOSTUNREACH}));
}

Task<void> close_while_reading(NodeSeams& seams, std::string& read_outcome) {
    auto stream = co_await seams.net.connect({"server", kPort}, MonoTime::never());
    runtime::TaskGroup group(seams.shards.ready());
    struct Reader {
        static Task<void> run(Stream& from, std::string& into) {
            into = outcome(co_await read_text(from, 4));
        }
    };
    group.spawn(Reader::run(**stream, read_outcome));
    const MonoTime later = seams.shards.clock().now() + seconds(1);
    co_await seams.shards.sleep_until(later);
    (*stream)->close();
    (*stream)->close();
    co_await group.join();
}

TEST(SimNet, CloseEndsAPendingRead) {
    EchoWorld echo(2);
    std::string read_outcome;
    echo.world.run_for(milliseconds(10));
    echo.world.start(echo.client, [&](NodeSeams& seams, unsigned) {
        return close_while_reading(seams, read_outcome);
    });
    echo.world.run_for(seconds(5));
    EXPECT_EQ(read_outcome, "canceled");
}

// A server that never reads: the window fills and the writer waits; dying, it resets.
Task<void> deaf_server(NodeSeams& seams, unsigned) {
    auto listener = co_await seams.net.listen({"", kPort});
    auto stream = co_await (*listener)->accept();
    const std::unique_ptr<Stream> kept = seams.net.attach(std::move(*stream));
    co_await seams.shards.sleep_until(MonoTime{seconds(10)});
}

Task<void> write_much(NodeSeams& seams, std::string& ended, MonoTime& when) {
    auto stream = co_await seams.net.connect({"server", kPort}, MonoTime::never());
    ended = outcome(co_await write_text(**stream, std::string(10 << 20, 'x')));
    when = seams.shards.clock().now();
}

TEST(SimNet, AWriterWaitsForAReaderAndIsResetWhenItGoes) {
    World world({.seed = 4});
    SimNode& server = world.add_node("server", 1);
    SimNode& client = world.add_node("client", 1);
    world.start(server, deaf_server);
    world.run_for(milliseconds(10));
    std::string ended;
    MonoTime when;
    world.start(client, [&](NodeSeams& seams, unsigned) { return write_much(seams, ended, when); });
    world.run_for(seconds(5));
    EXPECT_EQ(ended, "");
    world.run_for(seconds(10));
    EXPECT_EQ(ended, "pipe");
    EXPECT_GE(when, MonoTime{seconds(10)});
}

// Sends a range of a file, from another shard than the one that accepted.
Task<void> send_range(NodeSeams& seams, std::unique_ptr<runtime::DetachedStream> detached) {
    const std::unique_ptr<Stream> stream = seams.net.attach(std::move(detached));
    auto file = seams.disk.open("/f", OpenMode::create);
    CHECK((*file)->write_at(0, as_bytes(std::string(100'000, '.') + "end")).has_value());
    const std::vector<WritePart> parts = {as_bytes("<"), runtime::FileRange{file->get(), 99'999, 4},
                                          as_bytes(">")};
    CHECK((co_await stream->write(parts)).has_value());
    // More than the file has.
    const WritePart beyond = runtime::FileRange{file->get(), 100'000, 4};
    CHECK((co_await stream->write(std::span(&beyond, 1))).error().number == EIO);
}

Task<void> file_server(SimNode& node, NodeSeams& seams, unsigned shard) {
    if (shard == 0) {
        auto listener = co_await seams.net.listen({"", kPort});
        auto accepted = co_await (*listener)->accept();
        std::unique_ptr<Stream> stream = seams.net.attach(std::move(*accepted));
        const std::string seen = outcome(co_await read_text(*stream, 2));
        CHECK(seen == "go");
        std::unique_ptr<runtime::DetachedStream> moved = stream->detach();
        NodeSeams& there = node.life->seams[1];
        co_await seams.shards.on(1,
                                 [&there, &moved] { return send_range(there, std::move(moved)); });
    }
    co_await seams.shards.sleep_until(MonoTime{seconds(10)});
}

Task<void> ask_file(NodeSeams& seams, std::string& answer) {
    auto stream = co_await seams.net.connect({"server", kPort}, MonoTime::never());
    CHECK((co_await write_text(**stream, "go")).has_value());
    answer = outcome(co_await read_text(**stream, 100));
}

TEST(SimNet, AStreamMovesToAnotherShardAndSendsPartsOfFiles) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        World world({.seed = seed});
        SimNode& server = world.add_node("server", 2);
        SimNode& client = world.add_node("client", 1);
        world.start(server, [&](NodeSeams& seams, unsigned shard) {
            return file_server(server, seams, shard);
        });
        world.run_for(milliseconds(10));
        std::string answer;
        world.start(client, [&](NodeSeams& seams, unsigned) { return ask_file(seams, answer); });
        world.run_for(seconds(5));
        EXPECT_EQ(answer, "<.end>end") << seed;
    }
}

Task<void> use_disk(NodeSeams& seams, std::vector<std::string>& log) {
    runtime::Disk& disk = seams.disk;
    CHECK(disk.make_folder("/d").has_value());
    auto file = disk.open("/d/a", OpenMode::create);
    const auto write = (*file)->write_at(0, as_bytes("abc"));
    log.push_back(write ? "ok" : write.error().to_string());
    const auto synced = co_await (*file)->sync();
    log.push_back(synced ? "ok" : synced.error().to_string());
    const auto folder = co_await disk.sync_folder("/d");
    log.push_back(folder ? "ok" : folder.error().to_string());
    const auto held = disk.lock("/d/lock");
    const auto again = disk.lock("/d/lock");
    log.push_back(again ? "ok" : again.error().to_string());
}

TEST(SimDisk, CallsFailWithTheInjectedErrorAndLocksExclude) {
    World world({.seed = 1});
    SimNode& node = world.add_node("n", 1);
    std::vector<std::string> log;
    const Program program = [&](NodeSeams& seams, unsigned) { return use_disk(seams, log); };
    world.start(node, program);
    world.run_for(seconds(1));
    node.disk_fault = [](const DiskCall& call) {
        return call.kind == DiskCall::Kind::sync && call.path == "/d/a" ? EIO : 0;
    };
    world.start(node, program);  // the lock went with the process
    world.run_for(seconds(1));
    EXPECT_EQ(log, (std::vector<std::string>{"ok", "ok", "ok",
                                             "flock /d/lock: Resource temporarily unavailable",
                                             "ok", "fdatasync /d/a: Input/output error", "ok",
                                             "flock /d/lock: Resource temporarily unavailable"}));
}

// Within one turn: two writes to the disk, then one to the network.
Task<void> write_twice_and_tell(NodeSeams& seams) {
    auto stream = co_await seams.net.connect({"client", kPort}, MonoTime::never());
    auto file = seams.disk.open("/f", OpenMode::create);
    CHECK((*file)->write_at(0, as_bytes("1111")).has_value());
    CHECK((*file)->write_at(4, as_bytes("2222")).has_value());
    CHECK((*file)->size().value() == 8);
    CHECK((co_await write_text(**stream, "done")).has_value());
    co_await seams.shards.sleep_until(MonoTime::never());
}

Task<void> hear(NodeSeams& seams, std::string& heard) {
    auto listener = co_await seams.net.listen({"", kPort});
    auto accepted = co_await (*listener)->accept();
    const std::unique_ptr<Stream> stream = seams.net.attach(std::move(*accepted));
    heard = outcome(co_await read_text(*stream, 4));
}

TEST(World, ANodeThatDiesInADiskCallDoesNothingAfterIt) {
    std::set<std::uint64_t> sizes;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        World world({.seed = seed});
        SimNode& server = world.add_node("server", 1);
        SimNode& client = world.add_node("client", 1);
        std::string heard;
        world.start(client, [&](NodeSeams& seams, unsigned) { return hear(seams, heard); });
        world.run_for(milliseconds(10));
        world.start(server, [](NodeSeams& seams, unsigned) { return write_twice_and_tell(seams); });
        const std::uint64_t call = 1 + seed % 3;  // making the file, the first write, the second
        world.kill_in_disk_call(server, call);
        ASSERT_TRUE(world.run_until([&] { return !world.running(server); }, MonoTime{seconds(5)}));
        EXPECT_TRUE(world.run_until([&] { return !heard.empty(); }, MonoTime{seconds(5)}));
        EXPECT_EQ(heard, "end");
        if (call == 1) {
            EXPECT_FALSE(server.disk.exists("/f"));
            continue;
        }
        const auto file = server.disk.open("/f", OpenMode::read).value();
        const std::uint64_t size = server.disk.size(file);
        EXPECT_TRUE(call == 2 ? size <= 4 : size >= 4 && size <= 8) << size;
        sizes.insert(size);
    }
    EXPECT_EQ(sizes.size(), 9u);
}

}  // namespace
}  // namespace cauce::sim
