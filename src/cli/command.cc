#include "cli/command.h"

#include <utility>

namespace cauce::cli {

using runtime::Task;

Task<int> report_problem(Environment& environment, Problem problem, bool color) {
    if (!problem.is_silence()) {
        const std::string text = problem_text(problem, color);
        const IoResult<void> ignored = co_await environment.err.write(as_bytes(text));
        (void)ignored;  // Nobody listens: nothing to do about that.
    }
    co_return problem.code;
}

int report_problem(Program& program, const Invocation& invocation, const Globals& globals,
                   const Problem& problem) {
    const bool color = globals.color && invocation.err_is_terminal;
    return program.run(
        [&](Environment& environment) { return report_problem(environment, problem, color); });
}

int ClientCommand::start(const Invocation& invocation, const Globals& globals, Program& program) {
    if (const Outcome ready = prepare(invocation, globals, program); !ready)
        return report_problem(program, invocation, globals, ready.error());
    return program.run([&](Environment& environment) { return run_in(environment, globals); });
}

Task<int> ClientCommand::run_in(Environment& environment, const Globals& globals) {
    const bool color = globals.color && environment.invocation.err_is_terminal;
    auto settings = read_client_settings(globals.settings);
    if (!settings) co_return co_await report_problem(environment, settings.error(), color);
    Session session(environment, globals, std::move(*settings));
    Outcome outcome;
    {
        const runtime::Stop::Callback break_off(environment.stop, [&] {
            if (!ends_by_stop()) session.interrupt();
        });
        outcome = co_await run(session);
    }
    co_await session.close();
    if (!outcome) co_return co_await report_problem(environment, outcome.error(), color);
    co_return exit_ok;
}

}  // namespace cauce::cli
