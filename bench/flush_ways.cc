// Three ways in which a flush round can put what many logs have just written onto the device,
// beside each other on one file system:
//   ninja -C out/release flush_ways && out/release/bin/flush_ways [--folder DIR] [--seconds 3]
//
//   fdatasync  of every file that has something new, many at once: what storage/flush.h does
//   syncfs     of the file system, once for all of them
//   journal    the round's bytes once more, one behind the other, into one file that is
//              preallocated and written anew from its start when it is full, and one fdatasync of
//              that. The files themselves are flushed in the background, as far as the journal's
//              size demands; that is counted too
//
// A round appends a batch to each of so many files and then flushes; the next begins when it has
// ended. What is told is the time of the flush alone, and the bytes a second of all of it. `noise`
// MB a second are written to another file of the same file system meanwhile: syncfs flushes them
// too. Linux only; nothing of Cauce runs here but its histogram.
#include "histogram.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace cauce::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kReserveMin = 4096;
constexpr std::uint64_t kReserveMax = 16ull << 20;
constexpr std::uint64_t kJournalBytes = 64ull << 20;
constexpr std::uint64_t kNoiseBytes = 256ull << 20;
// As many as runtime/os/work_pool.h lets run at once.
constexpr unsigned kFlushThreads = 7;

[[noreturn]] void give_up(const char* call) {
    std::fprintf(stderr, "flush_ways: %s: %s\n", call, std::strerror(errno));
    std::exit(1);
}

void must(bool worked, const char* call) {
    if (!worked) give_up(call);
}

// A file that grows, with space reserved ahead, as a segment has it. Open as long as it lives.
class Appended {
public:
    explicit Appended(const std::string& path)
        : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        must(descriptor_ >= 0, "open");
    }
    Appended(const Appended&) = delete;
    Appended& operator=(const Appended&) = delete;
    ~Appended() { ::close(descriptor_); }

    void append(const std::vector<char>& bytes) {
        if (end_ + bytes.size() > reserved_) {
            // As storage/segment.cc does it: as much again as there is.
            const std::uint64_t ahead = std::clamp(end_, kReserveMin, kReserveMax);
            reserved_ = end_ + bytes.size() + ahead;
            must(::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(end_),
                             static_cast<off_t>(reserved_ - end_)) == 0,
                 "fallocate");
        }
        write(bytes, end_);
        end_ += bytes.size();
    }
    bool has_room(std::size_t bytes, std::uint64_t most) const { return end_ + bytes <= most; }
    // From here on in blocks that it has already.
    void begin_anew() { end_ = 0; }
    void append_in_place(const std::vector<char>& bytes) {
        write(bytes, end_);
        end_ += bytes.size();
    }
    // So that later writes change no size and no block: a flush of them is one of data alone.
    void fill(std::uint64_t bytes) {
        const std::vector<char> zeros(1 << 20);
        for (std::uint64_t at = 0; at < bytes; at += zeros.size())
            write(zeros, at);
        flush();
    }
    void flush() const { must(::fdatasync(descriptor_) == 0, "fdatasync"); }
    void flush_file_system() const { must(::syncfs(descriptor_) == 0, "syncfs"); }

private:
    void write(const std::vector<char>& bytes, std::uint64_t at) {
        const ssize_t wrote =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
        must(wrote == static_cast<ssize_t>(bytes.size()), "pwrite");
    }

    int descriptor_;
    std::uint64_t end_ = 0;
    std::uint64_t reserved_ = 0;
};

using Files = std::vector<std::unique_ptr<Appended>>;

// Flushes all files, some at a time, and returns when all have been.
class Flushers {
public:
    explicit Flushers(const Files& files) : files_(files) {
        const auto count = std::min<std::size_t>(kFlushThreads, files.size());
        for (std::size_t i = 1; i < count; ++i)
            threads_.emplace_back([this] { serve(); });
    }
    Flushers(const Flushers&) = delete;
    Flushers& operator=(const Flushers&) = delete;
    ~Flushers() {
        ended_ = true;
        next_ = files_.size();
        begin_round();
        for (std::thread& thread : threads_)
            thread.join();
    }

    void flush_all() {
        next_ = 0;
        idle_ = 0;
        begin_round();
        take_part();
        for (auto idle = idle_.load(); idle < threads_.size(); idle = idle_.load())
            idle_.wait(idle);
    }

private:
    void begin_round() {
        ++round_;
        round_.notify_all();
    }
    void take_part() {
        for (std::size_t i = next_++; i < files_.size(); i = next_++)
            files_[i]->flush();
    }
    void serve() {
        for (std::uint64_t seen = 0;;) {
            round_.wait(seen);
            seen = round_;
            if (ended_) return;
            take_part();
            ++idle_;
            idle_.notify_one();
        }
    }

    const Files& files_;
    std::vector<std::thread> threads_;
    std::atomic<std::uint64_t> round_ = 0;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<std::size_t> idle_ = 0;
    std::atomic<bool> ended_ = false;
};

// Writes to another file of the same file system, at a rate, and never flushes.
class Noise {
public:
    Noise(const std::string& path, double megabytes_per_second) {
        if (megabytes_per_second <= 0) return;
        thread_ = std::thread([this, path, megabytes_per_second] {
            Appended file(path);
            const std::vector<char> block(256 * 1024, 'n');
            const auto pause = std::chrono::duration<double>(static_cast<double>(block.size()) /
                                                             (megabytes_per_second * 1e6));
            auto due = Clock::now();
            while (!ended_) {
                if (!file.has_room(block.size(), kNoiseBytes)) file.begin_anew();
                file.append_in_place(block);
                due += std::chrono::duration_cast<Clock::duration>(pause);
                std::this_thread::sleep_until(due);
            }
        });
    }
    Noise(const Noise&) = delete;
    Noise& operator=(const Noise&) = delete;
    ~Noise() {
        ended_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    std::atomic<bool> ended_ = false;
    std::thread thread_;
};

enum class Way { fdatasync, syncfs, journal };

struct Case {
    std::size_t files = 1;
    std::size_t batch_bytes = 0;
    double noise = 0;
};

const char* name_of(Way way) {
    switch (way) {
        case Way::fdatasync:
            return "fdatasync";
        case Way::syncfs:
            return "syncfs";
        case Way::journal:
            return "journal";
    }
    std::abort();
}

void run(Way way, const Case& what, const std::string& folder, double seconds) {
    const std::string place = folder + "/case";
    std::filesystem::create_directory(place);
    {
        Files files;
        for (std::size_t i = 0; i < what.files; ++i)
            files.push_back(std::make_unique<Appended>(place + "/" + std::to_string(i)));
        const std::vector<char> batch(what.batch_bytes, 'b');
        Flushers flushers(files);
        Appended journal(place + "/journal");
        if (way == Way::journal) journal.fill(kJournalBytes);
        files[0]->flush_file_system();
        const Noise noise(place + "/noise", what.noise);

        Histogram flushes;
        std::uint64_t bytes = 0;
        const auto begin = Clock::now();
        const auto end = begin + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(seconds));
        while (Clock::now() < end) {
            for (const auto& file : files)
                file->append(batch);
            const auto since = Clock::now();
            switch (way) {
                case Way::fdatasync:
                    flushers.flush_all();
                    break;
                case Way::syncfs:
                    files[0]->flush_file_system();
                    break;
                case Way::journal:
                    for (std::size_t i = 0; i < what.files; ++i) {
                        // What it writes over must be in the files before.
                        if (!journal.has_room(batch.size(), kJournalBytes)) {
                            flushers.flush_all();
                            journal.begin_anew();
                        }
                        journal.append_in_place(batch);
                    }
                    journal.flush();
                    break;
            }
            const auto took = Clock::now() - since;
            flushes.record(static_cast<std::uint64_t>(
                std::chrono::duration_cast<std::chrono::nanoseconds>(took).count()));
            bytes += what.files * what.batch_bytes;
        }
        const double whole = std::chrono::duration<double>(Clock::now() - begin).count();
        std::printf("| %s | %zu | %zu | %.0f | %.3f | %.3f | %.1f |\n", name_of(way), what.files,
                    what.batch_bytes, what.noise, static_cast<double>(flushes.percentile(50)) / 1e6,
                    static_cast<double>(flushes.percentile(99)) / 1e6,
                    static_cast<double>(bytes) / whole / 1e6);
        std::fflush(stdout);
    }
    std::filesystem::remove_all(place);
    ::sync();
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    using cauce::bench::Case;
    using cauce::bench::Way;
    CLI::App app{"three ways of a flush round, beside each other"};
    std::string folder = std::filesystem::temp_directory_path();
    double seconds = 3;
    app.add_option("--folder", folder, "on the file system that is measured");
    app.add_option("--seconds", seconds, "of each case");
    CLI11_PARSE(app, argc, argv);

    folder += "/flush-ways-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) {
        std::perror("flush_ways: mkdtemp");
        return 1;
    }
    std::printf(
        "| way | files | bytes each | noise, MB/s | flush p50, ms | p99, ms | MB/s |\n"
        "|---|---|---|---|---|---|---|\n");
    for (const double noise : {0.0, 50.0}) {
        for (const Case& of : {Case{1, 1024, noise}, Case{6, 1024, noise}, Case{6, 1 << 20, noise},
                               Case{100, 1024, noise}, Case{100, 16384, noise},
                               Case{1000, 1024, noise}, Case{1000, 16384, noise}}) {
            for (const Way way : {Way::fdatasync, Way::syncfs, Way::journal})
                cauce::bench::run(way, of, folder, seconds);
        }
    }
    std::filesystem::remove_all(folder);
    return 0;
}
