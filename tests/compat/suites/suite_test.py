#!/usr/bin/python3
"""What a suite tells of its cases, and the ports it gets, on suites made up for the purpose."""

import ctypes
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
CASES = "short\nlong\tfull\nodd\tapart\tmoons\n"
PAGE = "| made-up | `odd` | moons |\n"
# What a suite's program begins with; its folder stands for the repository.
BEGIN = f"""
import pathlib, socket, sys, types
sys.dont_write_bytecode = True
sys.path.insert(0, {str(HERE)!r})
import suite as module
module.LOGS = pathlib.Path(__file__).parent / "log"
module.PAGE = pathlib.Path(__file__).parent / "page"
suite = module.Suite(__file__)
"""
END = "\nsys.exit(suite.finish())\n"
HEAR_ALL = "\nfor name in suite.wanted: suite.hear(name, 'ok')"
# The answer of a system that does not allow a network of its own.
FORBID = "\nmodule.ctypes = types.SimpleNamespace(CDLL=lambda name: types.SimpleNamespace(unshare=lambda flags: -1))"


def may_have_a_network():
    child = os.fork()
    if child == 0:
        os._exit(0 if ctypes.CDLL(None).unshare(0x40000000) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0


class Suites(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        self.folder = pathlib.Path(self.root.name, "made-up")
        self.folder.mkdir()
        (self.folder / "cases").write_text(CASES)
        (self.folder / "page").write_text(PAGE)

    def run_suite(self, body, *words):
        """Returns its exit code and what it said, without what it was going to do and how long that took."""
        program = self.folder / "run"
        program.write_text(BEGIN + body + END)
        done = subprocess.run([sys.executable, program, *words], capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith(("will ", "# "))]

    def test_the_gates_form_names_what_it_leaves_to_the_whole_one(self):
        odd = "skip made-up: odd: needs moons"
        self.assertEqual(self.run_suite(HEAR_ALL, "cauce"), (0, [
            "skip made-up: long: too long for the gate: ./test full", odd, "ok made-up: short"]))
        self.assertEqual(self.run_suite(HEAR_ALL, "--whole", "cauce"), (0, [
            odd, "ok made-up: short", "ok made-up: long"]))
        self.assertEqual(self.run_suite(HEAR_ALL, "--whole", "kafka"), (0, [
            "ok made-up: short", "ok made-up: long", "ok made-up: odd"]))

    def test_what_was_not_heard_or_was_skipped_by_the_suite_itself_has_failed(self):
        code, said = self.run_suite("\nsuite.hear('short', 'ok'); suite.hear('long', 'skip', 'no mood')", "--whole", "kafka")
        self.assertEqual(code, 1)
        self.assertEqual(said[:2], ["ok made-up: short",
                                    "not ok made-up: long: the suite skipped what it does on Apache Kafka: no mood"])
        self.assertIn("not ok made-up: odd: it was not run", said[2])

    def test_a_case_that_is_passed_over_is_named_in_the_documents(self):
        (self.folder / "page").write_text("")
        code, said = self.run_suite(HEAR_ALL, "cauce")
        self.assertEqual(code, 1)
        self.assertIn("not ok made-up: odd is not named in docs/compatibility.md", said)

    def test_a_suite_that_cannot_be_installed_is_skipped_by_its_cases(self):
        (self.folder / "install").write_text("#!/bin/sh\necho no such crate >&2\nexit 1\n")
        (self.folder / "install").chmod(0o755)
        code, said = self.run_suite("\nsuite.install()", "cauce")
        self.assertEqual(code, 77)
        self.assertRegex(said[-1], r"^skip made-up: short: the suite could not be installed \(.* no such crate\)$")

    def test_a_port_is_free_in_a_network_of_its_own_whoever_has_it_here(self):
        if not may_have_a_network():
            self.skipTest("only root may")
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            body = f"\nsuite.own_network({port})\nsocket.create_server(('localhost', {port}))" + HEAR_ALL
            self.assertEqual(self.run_suite(body, "cauce")[0], 0)

    def test_a_port_that_somebody_has_is_named_where_no_other_network_is_allowed(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            code, said = self.run_suite(f"{FORBID}\nsuite.own_network({port})", "cauce")
            self.assertEqual(code, 77)
            self.assertEqual(said[-1], f"skip made-up: short: its tests want the broker at port {port}, and somebody "
                                       f"else listens on {port}")
        self.assertEqual(self.run_suite(f"{FORBID}\nmodule.is_free = lambda port: True\nsuite.own_network({port})" + HEAR_ALL,
                                        "cauce")[0], 0)


if __name__ == "__main__":
    unittest.main()
