"""What the tests of the command line are made of: calls of the program, servers, and what is expected of them."""

import collections
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

PATIENCE = 60  # seconds that any command may take, however busy the machine is


class Failure(Exception):
    """What was expected and what came."""


class Cauce:
    def __init__(self, binary, bootstrap):
        self.binary = binary
        self.environment = {**os.environ, "CAUCE_BOOTSTRAP": bootstrap, "NO_COLOR": "1"}

    def start(self, *words, **streams):
        return subprocess.Popen([self.binary, *words], env=self.environment, stderr=subprocess.PIPE,
                                stdout=streams.pop("stdout", subprocess.PIPE),
                                stdin=streams.pop("stdin", subprocess.DEVNULL), **streams)

    def call(self, *words, text=b"", code=0):
        """(standard output, standard error) of a command that must end with `code`."""
        process = self.start(*words, stdin=subprocess.PIPE)
        try:
            out, err = process.communicate(text, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"`{' '.join(words)}` did not end") from None
        if process.returncode != code:
            raise Failure(f"`{' '.join(words)}` ended with {process.returncode} instead of {code}: "
                          f"{err.decode(errors='replace').strip()}")
        return out, err

    def out(self, *words, **more):
        return self.call(*words, **more)[0]

    def json(self, *words, **more):
        return json.loads(self.out(*words, "-o", "json", **more))


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found!r} instead of {wanted!r}")


def expect_all(found, wanted, what):
    """The same things as often, in any order; says what is missing and what is too many, not everything."""
    found, wanted = collections.Counter(found), collections.Counter(wanted)
    if found != wanted:
        missing, spare = sorted((wanted - found).elements()), sorted((found - wanted).elements())
        raise Failure(f"{what}: {len(missing)} missing {missing[:5]!r}, {len(spare)} too many {spare[:5]!r}")


def end_by_ctrl_c(process):
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure("Ctrl-C did not end it") from None
    expect(process.returncode, 0, f"exit code after Ctrl-C ({err.decode(errors='replace').strip()})")
    return out


def wait_until(test, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if test():
            return
        time.sleep(0.1)
    raise Failure(f"{what} did not happen")


def columns(out):
    """The first words of the lines of a table."""
    return [line.split()[0] for line in out.decode().splitlines() if line]


def parts_of(complaint):
    """What a problem says, by its labels; nothing else may stand on standard error."""
    parts = {}
    for line in complaint.splitlines():
        if line[:6] in ("error:", "  why:", " next:"):
            label = line[:5].strip()
            parts[label] = line[7:]
        else:
            expect(bool(parts) and line.startswith(" " * 8), True, f"`{line}` as a part of the problem")
            parts[label] += "\n" + line.strip()
    return parts


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A program that serves, ready when it says so; what it says is kept."""

    def __init__(self, binary, words, port, folder):
        self.log = pathlib.Path(folder) / f"server-{port}.log"
        # Should this program be killed, the server ends too.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*guard, binary, *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        self.cauce = Cauce(binary, f"127.0.0.1:{port}")
        end = time.monotonic() + PATIENCE
        while "Kafka Server started" not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise Failure(f"`{' '.join(words)}` does not serve: {self.said()[-2000:]}")
            time.sleep(0.02)

    def said(self):
        return self.log.read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            expect(self.process.wait(PATIENCE), 0, "exit code of the server")
        finally:
            self.process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def refused(binary, *words, code=1):
    """What a server that must not start says."""
    ended = subprocess.run([binary, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    expect(ended.returncode, code, f"exit code of `{' '.join(words)}`")
    return ended.stderr.decode(errors="replace")


TESTS = []  # called with a Cauce whose cluster is there
SERVER_TESTS = []  # called with the binary and a folder of their own


def test(function):
    TESTS.append(function)
    return function


def server_test(function):
    SERVER_TESTS.append(function)
    return function
