// Command: one verb, called once. A verb's file makes the Verb that names it.
#pragma once

#include "cli/arguments.h"
#include "cli/main.h"
#include "cli/problem.h"
#include "cli/session.h"
#include "runtime/task.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cauce::cli {

class Command {
public:
    virtual ~Command() = default;

    virtual void declare(Arguments& arguments) = 0;
    // What the arguments mean together, before anything is started.
    virtual Outcome check() { return {}; }
    // Carries it out by one call into `program`; returns the exit code.
    virtual int start(const Invocation& invocation, const Globals& globals, Program& program) = 0;
};

// A command that does its work in Program::run: asks a cluster, prints, ends.
class ClientCommand : public Command {
public:
    int start(const Invocation& invocation, const Globals& globals, Program& program) final;

protected:
    // What only the program can tell, before there is a session.
    virtual Outcome prepare(const Invocation&, const Globals&, Program&) { return {}; }
    virtual runtime::Task<Outcome> run(Session& session) = 0;
    // True when Ctrl-C is a normal end, which run() sees to itself; else it breaks off what is
    // under way.
    virtual bool ends_by_stop() const { return false; }

private:
    runtime::Task<int> run_in(Environment& environment, const Globals& globals);
};

// Writes the problem to standard error and returns its exit code.
runtime::Task<int> report_problem(Environment& environment, Problem problem, bool color);

// The same for a command that runs nothing else in `program`, or whose server has ended.
int report_problem(Program& program, const Invocation& invocation, const Globals& globals,
                   const Problem& problem);

struct Example {
    std::string command;
    std::string says;
};

struct Verb {
    std::string name;     // "topic create"
    std::string summary;  // one line, no full stop
    std::string text;     // more, for its own help; may be empty
    std::vector<Example> examples;
    std::function<std::unique_ptr<Command>()> make;
};

}  // namespace cauce::cli
