// What the program learns of its surroundings when it starts, for main() alone.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::runtime::os {

std::map<std::string, std::string> environment_variables();
// Absolute.
IoResult<std::string> working_folder();
// Where temporary files belong: TMPDIR or /tmp.
std::string temporary_folder();
// A new, empty folder there, readable by this user alone.
IoResult<std::string> make_temporary_folder(const std::string& prefix);
// A folder and everything in it.
IoResult<void> remove_folder_tree(const std::string& folder);
// Whether there is a file of that name; a link to one counts.
bool is_file(const std::string& path);
bool exists(const std::string& path);
// All of a small file, for which there is no runtime yet; a pipe will do.
IoResult<std::string> read_whole_file(const std::string& path);

// Processors this process may use: its affinity, and the quota of its control group rounded up.
unsigned processors();

// Memory this process may use: the machine's, or its control group's limit when that is lower.
std::uint64_t memory_bytes();

// Descriptors this process may open: the hard limit, to which Runtime raises the soft one.
std::uint64_t open_files_max();

// Whether a time service keeps the clock; nothing when the kernel does not say.
std::optional<bool> clock_synchronised();

// The other processes that run the same file as this one, and how they were called.
struct Process {
    int id = 0;
    std::vector<std::string> words;
};
std::vector<Process> processes_of_this_program();
// Asks a process to end, by SIGTERM.
IoResult<void> ask_to_end(int process);

bool is_terminal(int descriptor);
// Width of the terminal behind a descriptor; 80 when it is none or does not say.
int terminal_columns(int descriptor);

}  // namespace cauce::runtime::os
