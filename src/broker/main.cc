// cauce: the broker and its command line.

#include "cli/main.h"

#include "broker/program.h"
#include "runtime/os/process.h"

// Of jemalloc: memory that is no longer used goes back to the system also when nothing is allocated
// any more. Its thread sleeps while there is none.
extern "C" const char* malloc_conf = "background_thread:true,max_background_threads:1";

int main(int argc, char** argv) {
    using namespace cauce::runtime;
    cauce::cli::Invocation invocation;
    invocation.arguments.assign(argv, argv + argc);
    invocation.variables = os::environment_variables();
    if (const auto folder = os::working_folder()) invocation.working_folder = *folder;
    invocation.in_is_terminal = os::is_terminal(0);
    invocation.out_is_terminal = os::is_terminal(1);
    invocation.err_is_terminal = os::is_terminal(2);
    invocation.columns = os::terminal_columns(1);
    cauce::broker::Program program(invocation);
    return cauce::cli::main(invocation, program);
}
