"""What bench/figures and bench/compare share: brokers that they start and look at through /proc, and the load generator.

Everything is on loopback and free ports. A broker ends with the program that started it, however that ends."""

import contextlib
import ctypes
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

FIRST_ANSWER_SECONDS = 120
STOP_SECONDS = 60
# ApiVersions, version 0: the first thing that every client asks.
API_VERSIONS = bytes.fromhex("00000010" "0012" "0000" "00000001" "0006") + b"figure"

# What Apache Kafka's own start scripts give the virtual machine.
JAVA_OPTIONS = ("-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
                "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true")


class Failure(Exception):
    """Something was not measured, and the text says why."""


def free_port(count=1):
    """The first of `count` ports in a row that nobody listens on now."""
    while True:
        with contextlib.ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                for after in range(1, count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port + after))
            except (OSError, OverflowError):
                continue
            return port


def raise_file_limit(wanted=200_000):
    """10,000 partitions and their indexes are more open files than many machines allow a process at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limits in ((max(soft, wanted), max(hard, wanted)), (hard, hard)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            return


def end_in_order():
    """When we are told to end, brokers are stopped and directories removed first, as at every other end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """What /proc tells of a process, all of its threads together."""

    def __init__(self, pid):
        self.folder = pathlib.Path("/proc", str(pid))

    def cpu(self):
        """User and system seconds, of threads that have ended too; in steps of a tick, usually 10 ms."""
        fields = (self.folder / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def cpu_by_thread(self):
        """Seconds on a processor in steps of nanoseconds, by thread: for intervals in which hardly anything runs."""
        return {thread: int(text.split()[0]) / 1e9 for thread, text in self._of_threads("schedstat")}

    def cpu_since_start(self):
        """All of it, also where it is less than a tick."""
        return max(self.cpu(), sum(self.cpu_by_thread().values()))

    def memory(self):
        """Resident bytes."""
        return int((self.folder / "statm").read_text().split()[1]) * PAGE

    def wakeups_by_thread(self):
        """Context switches."""
        return {thread: sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)
                for thread, text in self._of_threads("status")}

    def threads(self):
        return len(os.listdir(self.folder / "task"))

    def _of_threads(self, file):
        for thread in os.listdir(self.folder / "task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                yield thread, (self.folder / "task" / thread / file).read_text()


def growth(before, after):
    """By how much the numbers of threads grew. Those that ended in between are not counted."""
    return sum(value - before.get(thread, 0) for thread, value in after.items())


class Broker:
    """One broker, its log and data below a folder that its owner removes. Can be started again after stop() or kill()."""

    PORTS = 1

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.port = free_port(self.PORTS)
        self.running = None
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        """Seconds from the start of the program to its first answer."""
        with open(self.folder / "broker.log", "ab") as log:
            command = self.command()
            begin = time.monotonic()
            # A session of its own: a Ctrl-C at the terminal is ours, and so is the order in which things stop.
            self.running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            preexec_fn=end_with_parent)
        self.process = Process(self.running.pid)
        return self._first_answer(begin)

    def _first_answer(self, begin):
        """A connection may be taken by the kernel long before the broker reads from it, so that its answer is waited for."""
        while (left := begin + FIRST_ANSWER_SECONDS - time.monotonic()) > 0 and self.running.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=left) as connection:
                    connection.sendall(API_VERSIONS)
                    if connection.recv(4):
                        return time.monotonic() - begin
            except OSError:
                time.sleep(0.001)
        self.kill()
        raise Failure(f"{self.NAME} did not start; its log ends: {self.end_of_log()}")

    def end_of_log(self):
        return (self.folder / "broker.log").read_text(errors="replace")[-2000:]

    def stop(self):
        if self.running is None:
            return
        self.running.send_signal(signal.SIGTERM)
        try:
            self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.running = None

    def kill(self):
        """As kill -9 does."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()
            self.running = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Compiled(Broker):
    """One that is a program of ours."""

    def __init__(self, folder, program):
        super().__init__(folder)
        self.program = program


class Cauce(Compiled):
    NAME = "Cauce"

    def command(self):
        return [self.program, "dev", "--port", str(self.port), "--data", str(self.data), "--no-open"]


class Floor(Compiled):
    """The least that a broker can do (bench/floor.cc): one topic, which is empty at each start."""

    NAME = "the floor"

    def command(self):
        return [self.program, str(self.folder / "log"), str(self.port)]


class Kafka(Broker):
    """Apache Kafka from its released jars, formatted beforehand: that is not part of its start."""

    NAME = "Apache Kafka"
    PORTS = 2

    def __init__(self, folder):
        super().__init__(folder)
        # Cauce's topics are told the same by their configuration.
        prepared = subprocess.run(
            [ROOT / "tests/compat/reference/prepare", str(self.folder), str(self.port), "log.segment.delete.delay.ms=0"],
            stdout=subprocess.PIPE, text=True, check=False)
        if prepared.returncode != 0:
            raise Failure("Apache Kafka could not be prepared (tests/compat/reference/prepare)")
        self.classes = prepared.stdout.strip() + "/*"

    def command(self):
        return ["java", *JAVA_OPTIONS, f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties", "-cp", self.classes,
                "kafka.Kafka", f"{self.folder}/server.properties"]


def load(program, broker, what, *arguments):
    """One run of the generator: its figures, and in "cpu" the broker's seconds meanwhile."""
    before = broker.process.cpu()
    done = subprocess.run([program, what, "-b", f"127.0.0.1:{broker.port}", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    said = f"load {what} {' '.join(arguments)} on {broker.NAME}: {done.stderr.strip() or done.returncode}"
    if broker.running.poll() is not None:
        raise Failure(f"{said}; the broker has ended, its log ends: {broker.end_of_log()}")
    if done.returncode != 0:
        raise Failure(said)
    figures = json.loads(done.stdout)
    figures["cpu"] = broker.process.cpu() - before
    return figures


def touch_memory(folder, gigabytes=3):
    """Writes a file and removes it, so that the page cache grows into memory that was in use a moment ago. A virtual
    machine may have given memory that lies idle back to its host; getting it again costs ten times what an append does
    (docs/performance.md), and would be counted as the broker's."""
    block = bytes(1 << 20)
    path = pathlib.Path(folder, "touched")
    with open(path, "wb", buffering=0) as file:
        for _ in range(gigabytes * 1000):
            file.write(block)
    path.unlink()
