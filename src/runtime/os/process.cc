#include "runtime/os/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>
#include <utility>

namespace cauce::runtime::os {
namespace {

// The control group's quota in processors, rounded up; 0 when there is none.
unsigned quota() {
    // Version 2: "max 100000" or "150000 100000".
    std::ifstream v2("/sys/fs/cgroup/cpu.max");
    long allowed = 0;
    long period = 0;
    if (!(v2 >> allowed >> period)) {
        std::ifstream v1_allowed("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
        if (!(v1_allowed >> allowed) || !(v1_period >> period)) return 0;
    }
    if (allowed <= 0 || period <= 0) return 0;
    return static_cast<unsigned>((allowed + period - 1) / period);
}

}  // namespace

std::map<std::string, std::string> environment_variables() {
    std::map<std::string, std::string> variables;
    for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
        const std::string_view entry = *each;
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return variables;
}

IoResult<std::string> working_folder() {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    if (error) return io_fail(error.value(), "getcwd");
    return here.string();
}

std::string temporary_folder() {
    const char* named = std::getenv("TMPDIR");
    return named != nullptr && *named == '/' ? named : "/tmp";
}

IoResult<std::string> make_temporary_folder(const std::string& prefix) {
    std::string path = temporary_folder() + "/" + prefix + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return io_fail(errno, "mkdtemp", path);
    return path;
}

IoResult<void> remove_folder_tree(const std::string& folder) {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    if (error) return io_fail(error.value(), "remove", folder);
    return {};
}

bool is_file(const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error);
}

bool exists(const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

IoResult<std::string> read_whole_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return io_fail(errno, "open", path);
    std::string text;
    std::array<char, 4096> piece{};
    IoResult<std::string> outcome;
    while (true) {
        const ssize_t count = ::read(file, piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) outcome = io_fail(errno, "read", path);
        if (count <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(count));
    }
    ::close(file);
    if (outcome) *outcome = std::move(text);
    return outcome;
}

unsigned processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    unsigned count = 1;
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        count = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
    const unsigned allowed = quota();
    return allowed == 0 ? count : std::min(count, allowed);
}

std::uint64_t memory_bytes() {
    std::uint64_t bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                          static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    // "max" is no number: no limit. Version 1 writes a huge one.
    for (const char* path :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::uint64_t limit = 0;
        if (std::ifstream(path) >> limit) bytes = std::min(bytes, limit);
    }
    return bytes;
}

std::uint64_t open_files_max() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 0;
}

std::optional<bool> clock_synchronised() {
    timex state{};  // with no mode set nothing is changed
    const int answer = ::adjtimex(&state);
    if (answer < 0) return std::nullopt;
    return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

std::vector<Process> processes_of_this_program() {
    std::vector<Process> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        int id = 0;
        const char* end = name.data() + name.size();
        const auto [stopped, wrong] = std::from_chars(name.data(), end, id);
        if (wrong != std::errc() || stopped != end || id == ::getpid()) continue;
        // Of other users' processes nobody says what they run.
        std::error_code hidden;
        const std::filesystem::path runs = entry.path() / "exe";
        if (!std::filesystem::equivalent(runs, "/proc/self/exe", hidden)) continue;
        Process process{id, {}};
        std::ifstream words(entry.path() / "cmdline");
        for (std::string word; std::getline(words, word, '\0');)
            process.words.push_back(word);
        found.push_back(std::move(process));
    }
    return found;
}

IoResult<void> ask_to_end(int process) {
    if (::kill(process, SIGTERM) != 0) return io_fail(errno, "kill");
    return {};
}

bool is_terminal(int descriptor) {
    return ::isatty(descriptor) == 1;
}

int terminal_columns(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace cauce::runtime::os
