"""A broker of this machine as tests have it: started, killed, stopped, and what it said meanwhile."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time

from kafka_wire import Connection

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 60


class Failure(Exception):
    """What was expected and what came."""


class Skip(Exception):
    """Why it cannot be tried here."""


def free_port():
    return free_ports(1)


# Below those that the kernel gives to clients: while a broker is killed, one of them could get its port, or reach itself there.
PORTS = range(10_000, 32_000)


def free_ports(count):
    """The first of `count` ports in a row that nobody listens on now."""
    while True:
        first = random.choice(PORTS[:-count])
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first


class Broker:
    """What it says goes to broker.log in `folder`. Should this program be killed, it ends too."""

    START_SECONDS = START_SECONDS_MAX
    STOPPED = 0  # its status when it was asked to stop

    def __init__(self, command, port, folder):
        self.command = [os.fspath(word) for word in command]
        self.port = port
        self.log_path = os.path.join(folder, "broker.log")
        self.process = None

    def start(self, before=(), **options):
        """`before`: words of a program that starts it, and is replaced by it. `options` are Popen's."""
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*guard, *before, *self.command], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True, **options)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait_until_ready(self, topic=None, partitions=0):
        """Returns the seconds it took."""
        start = time.monotonic()
        while True:
            if self.process.poll() is not None:
                raise Failure(f"the broker ended with status {self.process.returncode} while it started: {self.last_words()}")
            if time.monotonic() - start > self.START_SECONDS:
                raise Failure(f"the broker did not serve within {self.START_SECONDS} s: {self.last_words()}")
            try:
                connection = self.connect()
                connection.api_versions()
                if topic is None or connection.has_leaders(topic, partitions):
                    return time.monotonic() - start
                connection.close()
            except OSError:
                pass
            time.sleep(0.002)

    def connect(self, timeout=START_SECONDS_MAX):
        return Connection(self.port, timeout=timeout)

    def make_topic(self, topic, partitions, config=None):
        """Returns a connection, when all partitions are led."""
        connection = self.connect()
        connection.create_topic(topic, partitions, config or {})
        self.wait_until_ready(topic, partitions)
        return connection

    def signal(self, number):
        if not self.running:
            raise Failure(f"the broker ended by itself with status {self.process.returncode}: {self.last_words()}")
        self.process.send_signal(number)

    def kill(self, may_have_ended=False):
        if self.running or not may_have_ended:
            self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.signal(signal.SIGTERM)
        status = self.end(STOP_SECONDS_MAX)
        if status != self.STOPPED:
            raise Failure(f"the broker ended with status {status} when asked to stop: {self.last_words()}")

    def end(self, seconds=START_SECONDS_MAX):
        """Waits until it has ended. Returns its status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"the broker runs on after {seconds} s") from None

    def said(self, since=0):
        """Its log, from a place on that log_size() told."""
        with open(self.log_path, "rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def log_size(self):
        return os.path.getsize(self.log_path)

    def last_words(self, lines=6):
        return " | ".join(self.said().splitlines()[-lines:])

    def wait_until_said(self, text, since=0, seconds=START_SECONDS_MAX):
        deadline = time.monotonic() + seconds
        while text not in self.said(since):
            if time.monotonic() > deadline:
                raise Failure(f"it did not say '{text}' within {seconds} s: {self.last_words()}")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running:
            self.process.kill()
            self.process.wait()
