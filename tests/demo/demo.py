"""Runs the demo from end to end; tests/demo/run says how it is called."""

import json
import os
import pathlib
import queue
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds that any step may take, however busy the machine is
STOP_SECONDS_MAX = 20  # more than each of the three programs gives itself
MARK = "CAUCE_DEMO_TEST"  # what a run and everything it starts have in their environment

TESTS = [
    "the curl line is printed",
    "the first message that is posted is printed",
    "a body that is no message is answered with 400 and the reason",
    "Ctrl-C ends everything",
    "the next run prints its own message and keeps the first",
]


class Failure(Exception):
    """What was expected and what came."""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def printed_form(message):
    """As Node.js prints the object."""
    return "{ " + ", ".join(f"{name}: '{text}'" for name, text in message.items()) + " }"


class Run:
    """`./run`, in a session of its own as in a terminal. Its lines are read as they come."""

    def __init__(self, broker_port, http_port, folder):
        self.mark = f"{MARK}={uuid.uuid4()}"
        environment = dict(os.environ, CAUCE_PORT=str(broker_port), PORT=str(http_port),
                           CAUCE_DATA=str(folder / "data"), CAUCE_LOGS=str(folder / "log"))
        environment.update([self.mark.split("=")])
        self.said_path = folder / "run.err"
        with open(self.said_path, "ab") as said:
            # Should this program be killed, the run is told to stop.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "./run"], cwd=ROOT, env=environment,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
                                            text=True, start_new_session=True)
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, what):
        """The next line of standard output."""
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failure(f"{what}: nothing was printed for {PATIENCE} s{self._said()}") from None
        if line is None:
            raise Failure(f"{what}: ./run has ended with {self.process.wait()}{self._said()}")
        return line

    def _said(self):
        said = self.said_path.read_text(errors="replace").strip().splitlines()
        return f"; it said: {' / '.join(said[-3:])}" if said else ""

    def curl_words(self):
        """The words of the command that it has somebody paste."""
        while not (line := self.line("the curl line")).startswith("curl "):
            pass
        command = line
        while True:
            if command.endswith("\\"):  # as a shell does it
                command = command[:-1]
            else:
                try:
                    return shlex.split(command)
                except ValueError:  # within quotes
                    command += "\n"
            command += self.line("the rest of the curl line")

    def message(self):
        """The next line that the consumer printed."""
        while not (line := self.line("a message")).startswith("{"):
            pass
        return line

    def left(self):
        """What is alive of it and of everything it started, by number and name."""
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().split(b"\0")
                    found[int(folder.name)] = b" ".join(command).decode(errors="replace").strip()
            except OSError:  # it has ended, or is another user's
                pass
        return found

    def ctrl_c(self):
        """As the terminal does it: to everything in the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            code = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise Failure(f"Ctrl-C did not end ./run within {STOP_SECONDS_MAX} s: {self.left()}") from None
        if left := self.left():
            raise Failure(f"./run has ended, and these have not: {left}")
        if code != 0:
            raise Failure(f"Ctrl-C: ./run ended with {code}{self._said()}")

    def end(self):
        """After a failure: whatever is left."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                pass
        for pid in self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Curl:
    """The command that was printed, as a request."""

    def __init__(self, words):
        options = dict(zip(words[1::2], words[2::2]))
        if words[0] != "curl" or len(words) % 2 != 1 or set(options) != {"--request", "--url", "--header", "--data"}:
            raise Failure(f"the curl line is {words}")
        self.method, self.url, self.data = options["--request"], options["--url"], options["--data"]
        self.headers = dict([options["--header"].split(": ", 1)])

    def send(self, body):
        """(status, answer), the answer as JSON."""
        request = urllib.request.Request(self.url, body.encode(), self.headers, method=self.method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)
        except OSError as error:
            raise Failure(f"{self.method} {self.url}: {error}") from None


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found!r} instead of {wanted!r}")


class Demo:
    def __init__(self, folder):
        self.folder = folder
        self.broker_port, self.http_port = free_ports(2)
        self.run = None

    def start(self):
        self.run = Run(self.broker_port, self.http_port, self.folder)
        curl = Curl(self.run.curl_words())
        expect(curl.url, f"http://localhost:{self.http_port}/api/messages", "where to post")
        return curl

    def post(self, curl, body, offset):
        """A message, and that it is what is printed next."""
        status, answer = curl.send(body)
        expect((status, answer), (201, {"topic": "blog", "partition": 0, "offset": offset}), "the answer")
        expect(self.run.message(), printed_form(json.loads(body)), "printed")

    def kept(self):
        """The values in the topic, from its start."""
        done = subprocess.run(["out/release/bin/cauce", "consume", "blog", "--from", "start", "--exit", "--bootstrap",
                               f"127.0.0.1:{self.broker_port}"], cwd=ROOT, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise Failure(f"cauce consume ended with {done.returncode}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def steps(self):
        """Does what TESTS names, in their order; each ends with a yield."""
        curl = self.start()
        yield
        self.post(curl, curl.data, 0)
        yield
        for body, reason in (("{}", '"sender" is missing'), ("KAFKA!", "the body is not JSON"),
                             ('{"sender":"a","receiver":"b","message":7}', '"message" is not a string')):
            status, answer = curl.send(body)
            expect(status, 400, f"the answer to {body}")
            if reason not in answer["error"]:
                raise Failure(f"the answer to {body}: {answer}")
        yield
        self.run.ctrl_c()
        yield
        again = self.start()
        expect(again.data, curl.data, "the curl line")
        first = json.loads(curl.data)
        expect(self.kept(), [first], "in the topic, from before the stop")
        second = dict(first, message="Once more")
        # The first message comes before the consumer's start; bad bodies have left nothing.
        self.post(again, json.dumps(second), 1)
        expect(self.kept(), [first, second], "in the topic")
        self.run.ctrl_c()
        yield


def main():
    # What was ignored where this was started would be ignored by ./run too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in TESTS:
        print(f"will demo/{name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cauce-demo-") as folder:
        demo = Demo(pathlib.Path(folder))
        steps = demo.steps()
        try:
            for number, name in enumerate(TESTS):
                begin = time.monotonic()
                try:
                    next(steps)
                except Failure as failure:
                    print(f"not ok demo/{name}: {failure}", flush=True)
                    for left in TESTS[number + 1:]:
                        print(f"not ok demo/{left}: not reached", flush=True)
                    return 1
                print(f"ok demo/{name}", flush=True)
                print(f"# {time.monotonic() - begin:.1f} s", flush=True)
        finally:
            if demo.run:
                demo.run.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
