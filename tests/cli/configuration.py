"""Settings: explained, compared, checked; what the doctor finds in them and around them."""

import json
import os
import shutil
import socket
import subprocess

from calling import PATIENCE, Cauce, Failure, Server, columns, expect, free_port, server_test, test


@test
def settings_are_explained_and_compared(cauce):
    explained, = cauce.json("config", "explain", "retention.ms")
    expect([explained[name] for name in ("scope", "type", "default", "valid", "effect")],
           ["topic", "long", "604800000", "[-1,...]", "at_once"], "retention.ms")
    expect("no effect yet" in cauce.out("config", "explain", "num.io.threads").decode(), True, "a key without effect")
    cauce.call("config", "explain", "retenton.ms", code=3)
    cauce.call("topic", "create", "cli-explained", "-c", "retention.ms=5000")
    places = cauce.json("config", "explain", "retention.ms", "--topic", "cli-explained")[0]["values"]
    expect((places[0]["value"], places[0]["source"]), ("5000", "topic"), "the place in force")
    expect(places[-1]["source"], "default", "the last place")
    differs = {d["name"]: d["source"] for d in cauce.json("config", "diff")}
    expect(differs.get("node.id"), "file", "what the broker was started with")
    expect(columns(cauce.out("config", "diff"))[0], "KEY", "table")
    cauce.call("config", "diff", "--broker", "4711", code=3)
    cauce.call("topic", "delete", "cli-explained", "-y")


@server_test
def a_configuration_is_checked_before_it_is_used(binary, folder):
    cauce = Cauce(binary, "127.0.0.1:1")
    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    lines = ["process.roles=broker,controller", "node.id=7", f"log.dirs={folder}/data",
             f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
             "controller.listener.names=CONTROLLER", "log.retention.ms=5000", "num.io.threads=3"]
    config.write_text("\n".join([*lines, "log.segment.bites=1"]))
    validate = ["config", "validate", str(config)]
    out, said = cauce.call(*validate, code=1)
    expect(f"{config}:8  error" in out.decode() and "did you mean log.segment.bytes?" in out.decode(), True, "the line")
    expect(said.startswith(b"error: no broker starts with"), True, "complaint")
    config.write_text("\n".join(lines))
    expect([(f["place"], f["severity"]) for f in cauce.json(*validate)], [(f"{config}:7", "note")], "no effect yet")
    cauce.call("config", "validate", str(folder / "none"), code=3)
    place, = cauce.json("config", "explain", "log.retention.ms", "-c", str(config))[0]["values"]
    expect((place["value"], place["place"]), ("5000", f"{config}:6"), "where it is set")
    differs = {d["name"]: d["value"] for d in cauce.json("config", "diff", str(config), "--defaults")}
    expect((differs.get("node.id"), differs.get("num.io.threads")), ("7", "3"), "the file against the defaults")
    format_words = ["storage", "format", "--standalone", "-c", str(config), "-t", cauce.out("storage", "random-uuid").decode().strip()]
    expect(cauce.out(*format_words, "--dry-run").startswith(b"Would format "), True, "preview of formatting")
    expect((folder / "data").exists(), False, "data after the preview")
    cauce.call(*format_words)
    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        # The controller itself keeps min.insync.replicas for the cluster (KIP-966).
        compare = lambda: {d["name"]: (d["file_value"], d["value"], d["status"]) for d in
                           server.cauce.json("config", "diff", str(config)) if d["name"] != "min.insync.replicas"}
        expect(compare(), {}, "file and broker")
        expect(f"without effect yet, and kept: num.io.threads ({config}:7)" in server.said(), True, "the log")
        config.write_text("\n".join([*lines, "num.partitions=4"]).replace("retention.ms=5000", "retention.ms=6000"))
        expect(compare(),
               {"log.retention.ms": ("6000", "5000", "changed in the file"), "num.partitions": ("4", "1", "new in the file")},
               "file and broker after a change")
        server.cauce.call("config", "diff", str(config), "-b", "127.0.0.1:1", code=5)
        server.stop()


def findings(binary, *words, code=6, environment=None, before=()):
    """What `cauce doctor` finds, by check."""
    ended = subprocess.run([*before, binary, "doctor", *words, "-o", "json"], stdin=subprocess.DEVNULL, capture_output=True,
                           timeout=PATIENCE, check=False, env={**os.environ, **(environment or {})})
    expect(ended.returncode, code, f"exit code of `doctor {' '.join(words)}` ({ended.stdout.decode()} {ended.stderr.decode()})")
    return json.loads(ended.stdout)


@server_test
def doctor_names_the_line_of_every_mistake(binary, folder):
    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    right = {"process.roles": "broker,controller", "node.id": "7", "log.dirs": f"{folder}/data",
             "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
             "controller.listener.names": "CONTROLLER", "num.partitions": "1"}
    words = ["-c", str(config), "--timeout", "2s"]

    def write(**changes):
        """The configuration with some keys changed (dots as underlines); returns the line of the first of them."""
        keys = {**right, **{key.replace("_", "."): value for key, value in changes.items()}}
        config.write_text("# A comment.\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))
        return f"{config}:{list(keys).index(next(iter(changes)).replace('_', '.')) + 2}" if changes else ""

    def mistake(check, place, severity="error", found=None):
        """Doctor finds it: the check, how bad it is, and the line to change."""
        found = findings(binary, *words, code=6 if severity == "error" else 0) if found is None else found
        for each in found:
            if (each["check"], each["severity"], each["place"]) == (check, severity, place):
                return each["finding"] + " " + (each["change"] or "")
        raise Failure(f"no {severity} {check} at {place} among {found}")

    # Planted in the configuration.
    expect("did you mean log.retention.hours?" in mistake("configuration", write(log_retention_huors="1")), True, "suggestion")
    mistake("configuration", write(num_partitions="many"))
    mistake("configuration", write(advertised_listeners="PLAINTEXT://0.0.0.0:9092"))
    mistake("configuration", write(listeners="SSL://:9092"))
    write()
    text = mistake("data-directory", f"{config}:4")
    expect(f"cauce storage format --standalone -t $(cauce storage random-uuid) -c {config}" in text, True, "the way out")
    cluster = Cauce(binary, "").out("storage", "random-uuid").decode().strip()
    Cauce(binary, "").out("storage", "format", "--standalone", "-c", str(config), "-t", cluster)
    mistake("node-id", write(node_id="8"))
    mistake("data-directory", write(log_dirs=f"{config}/data"))
    mistake("data-directory", write(log_dirs="/proc/data"))
    (folder / "damaged").mkdir()
    (folder / "damaged" / "meta.properties").write_text("version=9\n")
    write(log_dirs=f"{folder}/damaged")
    mistake("data-directory", f"{folder}/damaged/meta.properties")
    mistake("listener-port", write(listeners=f"PLAINTEXT://:{port},CONTROLLER://:{port}"))
    mistake("listener", write(listeners=f"PLAINTEXT://192.0.2.1:{port}"))
    place = write(advertised_listeners=f"PLAINTEXT://no-such-host.invalid:{port}", listeners=f"PLAINTEXT://:{port}")
    mistake("advertised-address", place)
    mistake("advertised-address", write(advertised_listeners=f"PLAINTEXT://localhost:{port}",
                                        listeners=f"PLAINTEXT://0.0.0.0:{port}"), "warning")
    place = write(listeners=f"PLAINTEXT://127.0.0.1:{port}", advertised_listeners=f"PLAINTEXT://192.0.2.1:{port}")
    mistake("advertised-address", place)
    write()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        mistake("listener-port", f"{config}:5")
    second = folder / "second.properties"
    second.write_text("process.roles=broker,controller\nnode.id=7\nlisteners=PLAINTEXT://127.0.0.1:0\n"
                      f"log.dirs={folder}/data\n")
    mistake("node-id", f"{second}:2", found=findings(binary, *words, "-c", str(second)))
    if shutil.which("prlimit"):
        mistake("open-files", "ulimit -n", "warning", findings(binary, *words, code=0, before=["prlimit", "--nofile=512:512"]))
    found = findings(binary, "--container", "--set", f"log.dirs={folder}/data", "--set", "node.id=7", "--set",
                     f"listeners=PLAINTEXT://127.0.0.1:{port}", code=0, environment={"CLUSTER_ID": "MkU3OEVBNTcwNTJENDM2Qg"})
    mistake("cluster-id", "CLUSTER_ID", "warning", found)

    # With the broker running: right, and with an address that leads nowhere.
    write()
    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        found = findings(binary, *words, code=0)
        about_the_machine = ("open-files", "disk-space", "clock")
        expect([f for f in found if f["severity"] in ("error", "warning") and f["check"] not in about_the_machine], [],
               "complaints about what is right")
        expect(sum("and it answers" in f["finding"] for f in found), 1, "advertised addresses that were dialed")
        mistake("advertised-address", write(advertised_listeners=f"PLAINTEXT://127.0.0.1:{controller_port}"))
        table = server.cauce.out("doctor").decode()
        expect((table.split()[0], "which answers" in table), ("STATUS", True), f"the table ({table})")
        found = findings(binary, "-b", f"127.0.0.1:{port},127.0.0.1:{controller_port}")
        expect([f["check"] for f in found if f["severity"] == "error"], ["bootstrap"], "what a client finds")
        server.stop()
    write()
    with Server(binary, ["broker", "start", "-c", str(config), "--set", f"advertised.listeners=PLAINTEXT://127.0.0.1:{controller_port}"],
                port, folder) as server:
        found = findings(binary, "-b", f"127.0.0.1:{port}")
        mistake("advertised-address", "advertised.listeners in the configuration of node 7", found=found)
        server.stop()
