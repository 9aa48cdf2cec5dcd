#include "runtime/os/process.h"

#include "runtime/os/entropy.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cauce::runtime::os {
namespace {

TEST(Process, VariablesAreThoseOfTheEnvironment) {
    ::setenv("CAUCE_TEST_VARIABLE", "a=b", 1);
    EXPECT_EQ(environment_variables().at("CAUCE_TEST_VARIABLE"), "a=b");
    ::unsetenv("CAUCE_TEST_VARIABLE");
    EXPECT_FALSE(environment_variables().contains("CAUCE_TEST_VARIABLE"));
}

TEST(Process, ThereIsMemoryAndNotMoreThanTheMachineHas) {
    EXPECT_GT(memory_bytes(), std::uint64_t{16} << 20);
    EXPECT_LE(memory_bytes(), static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                                  static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST(Process, TemporaryFoldersAreNewPrivateAndRemovedWhole) {
    const auto made = make_temporary_folder("cauce-test-");
    ASSERT_TRUE(made.has_value());
    const auto another = make_temporary_folder("cauce-test-");
    ASSERT_TRUE(another.has_value());
    EXPECT_NE(*made, *another);
    struct stat status{};
    ASSERT_EQ(::stat(made->c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u);
    std::filesystem::create_directories(*made + "/a/b");
    std::ofstream(*made + "/a/b/c") << "x";
    EXPECT_TRUE(remove_folder_tree(*made));
    EXPECT_TRUE(remove_folder_tree(*another));
    EXPECT_FALSE(std::filesystem::exists(*made));
    const auto missing = make_temporary_folder("no/such/folder-");
    EXPECT_EQ(missing.error().number, ENOENT);
}

TEST(Process, FilesAreReadWhole) {
    const auto folder = make_temporary_folder("cauce-test-");
    ASSERT_TRUE(folder.has_value());
    const std::string text(10'000, 'x');
    std::ofstream(*folder + "/long") << text;
    std::ofstream(*folder + "/empty");
    EXPECT_EQ(read_whole_file(*folder + "/long").value_or("?"), text);
    EXPECT_EQ(read_whole_file(*folder + "/empty").value_or("?"), "");
    const auto missing = read_whole_file(*folder + "/none");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().to_string(), "open " + *folder + "/none: No such file or directory");
    const auto not_a_file = read_whole_file(*folder);
    ASSERT_FALSE(not_a_file.has_value());
    EXPECT_EQ(not_a_file.error().number, EISDIR);
    EXPECT_TRUE(remove_folder_tree(*folder));
}

TEST(Process, FactsOfThisMachine) {
    EXPECT_GE(processors(), 1u);
    EXPECT_LE(processors(), static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_CONF)));
    EXPECT_EQ(working_folder(), std::filesystem::current_path().string());
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    EXPECT_FALSE(is_terminal(ends[0]));
    EXPECT_EQ(terminal_columns(ends[0]), 80);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Entropy, TwoDrawsDiffer) {
    Buffer a(64);
    Buffer b(64);
    fill_with_entropy(a);
    fill_with_entropy(b);
    EXPECT_NE(a, b);
    EXPECT_NE(random_seed(), random_seed());
}

TEST(Process, OthersOfThisProgramAreFoundAndAskedToEnd) {
    const int child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        for (;;)
            ::pause();
    }
    bool found = false;
    for (const Process& process : processes_of_this_program()) {
        EXPECT_NE(process.id, ::getpid());
        if (process.id != child) continue;
        found = true;
        ASSERT_FALSE(process.words.empty());
        EXPECT_TRUE(process.words[0].contains("test")) << process.words[0];
    }
    EXPECT_TRUE(found);
    EXPECT_TRUE(ask_to_end(child).has_value());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    EXPECT_EQ(ask_to_end(child).error().number, ESRCH);
}

}  // namespace
}  // namespace cauce::runtime::os
