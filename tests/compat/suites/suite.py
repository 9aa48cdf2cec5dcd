"""
A suite: other people's test programs, the cases of theirs that count, and a broker of its own for each run.

`cases` in a suite's folder names every case that passes on Apache Kafka 4.4.0, a line each, its columns parted by tabs:

    NAME                   must pass
    NAME  full             must pass; takes too long for the gate's form, the whole form has it
    NAME  apart  WHAT      needs WHAT, which Cauce does not have yet: passed over, by name
    NAME  kafka  REASON    does not pass on Apache Kafka, or not every time: passed over, by name
    NAME  differs  REASON  wants what Apache Kafka happens to do and Cauce does better: passed over, by name

A case that must pass and was not heard of has failed: suites like to skip in silence what a broker does not offer. On Apache
Kafka the cases that are `apart` or where Cauce `differs` are run as well. docs/compatibility.md names all that is passed over, and has to.
"""

import ctypes
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "reference"
LOGS = HERE.parents[2] / "out" / "log"
PAGE = HERE.parents[2] / "docs" / "compatibility.md"
SKIPPED = 77  # The exit code of a suite that could not be tried.
START_SECONDS = 60
PORTS = 3  # A node's: for clients, for clients that log in (`secured_settings`), for the controller.
# From Linux's headers; this Python does not have them.
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


class Case:
    def __init__(self, line):
        self.name, self.mark, self.reason, *_ = [*line.split("\t"), "", ""]
        if self.mark not in ("", "full", "apart", "kafka", "differs") or bool(self.reason) != (
                self.mark in ("apart", "kafka", "differs")):
            raise ValueError(f"cases: {line}")


class Suite:
    """Reads the command line `run [--whole] BROKER`, BROKER being the program `cauce` or the word `kafka`."""

    def __init__(self, run):
        """`run` is the path of the suite's program."""
        self.folder = Path(run).resolve().parent
        self.name = self.folder.name
        words = sys.argv[1:]
        self.whole = "--whole" in words
        words = [word for word in words if word != "--whole"]
        if len(words) != 1:
            print(f"usage: {sys.argv[0]} [--whole] cauce-program|kafka", file=sys.stderr)
            sys.exit(2)
        self.broker = words[0]
        self.is_kafka = self.broker == "kafka"
        lines = (self.folder / "cases").read_text().splitlines()
        self.cases = {case.name: case for case in map(Case, filter(None, lines))}
        self.heard = {}
        self.wanted = []
        self.begun = time.monotonic()
        self.install_seconds = 0
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"suite-{self.name}.log"
        self.log.write_text("")
        for case in self.cases.values():
            why = self._passed_over(case)
            if why:
                self._say("skip", case.name, why)
            else:
                self.wanted.append(case.name)
                print(f"will {self.name}: {case.name}", flush=True)
        page = PAGE.read_text()
        for case in self.cases.values():
            if case.reason and not re.search(rf"^\| {self.name} \| `{re.escape(case.name)}` \|", page, re.MULTILINE):
                self._say("not ok", f"{case.name} is not named in docs/compatibility.md")
                self.heard[case.name] = "not ok"
        if not self.wanted:
            sys.exit(self.finish())

    def _passed_over(self, case):
        if case.mark == "kafka":
            return f"not on Apache Kafka either: {case.reason}"
        if case.mark == "apart" and not self.is_kafka:
            return f"needs {case.reason}"
        if case.mark == "differs" and not self.is_kafka:
            return f"Cauce differs on purpose: {case.reason}"
        if case.mark == "full" and not self.whole:
            return "too long for the gate: ./test full"
        return None

    def _say(self, word, name, why=""):
        if why:
            name += ": " + " ".join(why.split())[:300]
        print(f"{word} {self.name}: {name}", flush=True)

    def passed_over(self):
        """The cases that are not to be run."""
        return [name for name in self.cases if name not in self.wanted]

    def install(self):
        """Runs `install` beside `run` and returns what it prints. Without it the suite cannot be tried."""
        with self.log.open("a") as log:
            done = subprocess.run([self.folder / "install"], stdout=subprocess.PIPE, stderr=log, text=True, check=False)
        if done.returncode != 0:
            self._not_tried(f"the suite could not be installed ({self._tail()})")
        self.install_seconds = time.monotonic() - self.begun
        return done.stdout.strip()

    def _not_tried(self, why):
        for name in self.wanted:
            self._say("skip", name, why)
        sys.exit(SKIPPED)

    def own_network(self, port):
        """
        For tests that have the broker's port written into them: moves this process, and what it starts from now on, into a
        network of its own, where `port` is free. It leads nowhere: what is to be fetched must be here. Where that is not
        allowed (it takes root) the port is waited for while another suite has it, and while somebody else has it the suite
        cannot be tried.
        """
        if self.is_kafka:
            subprocess.run([REFERENCE / "jars", "broker"], check=True, stdout=subprocess.DEVNULL)
        # It is the calling thread that moves: this must be the one that starts processes.
        if ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0:
            with socket.socket() as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
            return
        self.turn = (LOGS / f"suite-port-{port}.lock").open("w")  # Until this process ends.
        fcntl.flock(self.turn, fcntl.LOCK_EX)
        taken = [each for each in range(port, port + PORTS) if not is_free(each)]
        if taken:
            self._not_tried(f"its tests want the broker at port {port}, and somebody else listens on {taken[0]}")

    def hear(self, name, verdict, why=""):
        """Takes what became of a case: "ok", "not ok" or "skip", the last as the suite's own decision."""
        if name in self.heard or (name in self.cases and name not in self.wanted):
            return
        self.heard[name] = verdict
        if verdict == "skip":
            if name in self.wanted:
                self._say("not ok", name, f"the suite skipped what it does on Apache Kafka: {why}")
        else:
            self._say(verdict, name, why)

    def finish(self):
        """Returns the exit code."""
        for name in self.wanted:
            if name not in self.heard:
                self._say("not ok", name, f"it was not run ({self._tail()})")
                self.heard[name] = "not ok"
        seconds = time.monotonic() - self.begun - self.install_seconds
        print(f"# {self.name}: installed in {self.install_seconds:.0f} s, run in {seconds:.0f} s", flush=True)
        failed = any(self.heard[name] != "ok" for name in self.wanted) or "not ok" in self.heard.values()
        return 1 if failed else 0

    def _tail(self):
        return f"out/log/{self.log.name} ends: " + " ".join(self.log.read_text(errors="replace").splitlines()[-2:])[-200:]

    def call(self, command, seconds, take=lambda line: None, **more):
        """
        Runs a test program; its lines go to `take` and, like what it says on standard error, to the log. Returns its exit
        code; after `seconds` it is killed and the code is None.
        """
        with self.log.open("a") as log, subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                errors="replace", **more) as process:
            timer = threading.Timer(seconds, process.kill)
            timer.start()
            for line in process.stdout:
                log.write(line)
                log.flush()
                take(line.rstrip("\n"))
            process.wait()
            late = not timer.is_alive()
            timer.cancel()
            if late:
                log.write(f"killed: no end within {seconds} s\n")
            return None if late else process.returncode

    def node(self, port=0, secured=False, **settings):
        """
        A broker for this run, on localhost, at `port` or one that is free; a context. In the names of settings a dot is
        written as two underscores. With `secured` Apache Kafka has an authorizer that allows everything and, at the next
        port, a listener that wants SASL.
        """
        named = {key.replace("__", "."): value for key, value in settings.items()}
        return Node(self.broker, port or free_port(), named, LOGS / f"suite-{self.name}-broker.log",
                    secured and self.is_kafka)


# The names and passwords that kafka-go's tests have.
SCRAM_USERS = ("SCRAM-SHA-256=[name=adminscram,password=admin-secret-256]",
               "SCRAM-SHA-512=[name=adminscram,password=admin-secret-512]")


def secured_settings(port):
    login = "org.apache.kafka.common.security"
    return {
        "listeners": f"PLAINTEXT://localhost:{port},SASL_PLAINTEXT://localhost:{port + 1},"
                     f"CONTROLLER://127.0.0.1:{port + 2}",
        "advertised.listeners": f"PLAINTEXT://localhost:{port},SASL_PLAINTEXT://localhost:{port + 1}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config":
            f'{login}.plain.PlainLoginModule required user_adminplain="admin-secret";',
        "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
        "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "true",
    }


def free_port():
    """A port below those that the system gives to clients: once found free, it most likely stays so."""
    while True:
        port = random.randrange(20000, 32000, PORTS)
        if all(is_free(port + i) for i in range(PORTS)):
            return port


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Node:
    """One broker, Cauce or Apache Kafka, with the same settings, on data of its own that is removed at the end."""

    def __init__(self, broker, port, settings, log, secured=False):
        self.broker = broker
        self.port = port
        self.address = f"localhost:{port}"
        self.secured_port = port + 1
        controller = f"127.0.0.1:{port + 2}"
        self.log = log
        self.settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": controller,
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **settings,
        }
        self.format = ""
        if secured:
            self.settings.update(secured_settings(port))
            self.format = "\n".join(f"--add-scram\n{user}" for user in SCRAM_USERS)

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp())
        self.settings["log.dirs"] = str(self.folder / "data")
        self.process = None
        try:
            if self.broker == "kafka":
                pairs = [f"{key}={value}" for key, value in self.settings.items()]
                subprocess.run([REFERENCE / "start", self.folder, str(self.port), *pairs], check=True,
                               env={**os.environ, "KAFKA_FORMAT": self.format})
            else:
                self._start_cauce()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start_cauce(self):
        config = self.folder / "server.properties"
        config.write_text("".join(f"{key}={value}\n" for key, value in self.settings.items()))
        new_id = subprocess.run([self.broker, "storage", "random-uuid"], capture_output=True, text=True, check=True)
        subprocess.run([self.broker, "storage", "format", "--standalone", "-t", new_id.stdout.strip(), "-c", config],
                       check=True, stdout=subprocess.DEVNULL)
        with self.log.open("w") as log:
            self.process = subprocess.Popen([self.broker, "broker", "start", "-c", config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while "Kafka Server started" not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def __exit__(self, *_):
        if self.broker == "kafka":
            if (self.folder / "pid").exists():
                subprocess.run([REFERENCE / "stop", self.folder], check=False)
            if (self.folder / "log").exists():
                shutil.copy(self.folder / "log", self.log)
        elif self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder)


class GoVerdicts:
    """Reads what a Go test program says with -test.v, and tells a suite. Names begin with `prefix`."""

    MARK = re.compile(r"^=== (?:RUN|NAME|CONT|PAUSE) +(\S+)")
    END = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(")
    SAID = re.compile(r"^\s+\S+\.go:\d+: ")
    WORDS = {"PASS": "ok", "FAIL": "not ok", "SKIP": "skip"}

    def __init__(self, suite, prefix=""):
        self.suite = suite
        self.prefix = prefix
        self.now = None
        self.said = {}  # Name: the last thing it said, of several lines at times.

    def take(self, line):
        if mark := self.MARK.match(line):
            self.now = mark[1]
        elif end := self.END.match(line):
            name = end[2]
            self.suite.hear(self.prefix + name, self.WORDS[end[1]], self.said.get(name, "") if end[1] != "PASS" else "")
        elif self.SAID.match(line) and self.now:
            self.said[self.now] = line.strip()
        elif self.now in self.said and line.startswith("        ") and "Trace:" not in line:
            self.said[self.now] += " " + line.strip()

    @staticmethod
    def pattern(names):
        """What -test.skip takes for exactly these tests and subtests."""
        return "|".join("/".join(f"^{re.escape(part)}$" for part in name.split("/")) for name in names)
