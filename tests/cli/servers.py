"""Verbs that serve, and the files that they leave."""

import json
import pathlib
import re
import shutil
import signal
import subprocess

from calling import PATIENCE, Cauce, Server, expect, free_port, parts_of, refused, server_test, wait_until


@server_test
def dev_keeps_its_data_and_ends_by_ctrl_c(binary, folder):
    port = free_port()
    words = ["dev", "--port", str(port), "--data", str(folder / "data"), "--no-open"]
    with Server(binary, words, port, folder) as server:
        server.cauce.call("produce", "kept", text=b"a line\n")
        wait_until(lambda: "Ctrl-C stops it" in server.said(), "saying that it is ready")
        said = server.said()
        for line in (f"is ready: one broker on 127.0.0.1:{port}", f"cauce consume greetings --from start -b 127.0.0.1:{port}"):
            expect(line in said, True, f"`{line}` among what it says")
        server.stop(signal.SIGINT)
    with Server(binary, words, port, folder) as server:
        expect(server.cauce.out("consume", "kept", "--exit"), b"a line\n", "what was kept")
        complaint = refused(binary, "dev", "--ephemeral", "--port", str(port), "--no-open")
        expect("Address already in use. Another program has the port" in complaint, True, "complaint about the port")
        complaint = refused(binary, "dev", "--data", str(folder / "data"), "--port", str(free_port()), "--no-open")
        expect(str(folder / "data") in complaint, True, "complaint about the folder")
        server.stop()
    refused(binary, "dev", "--data", "x", "--ephemeral", code=2)


@server_test
def dev_tells_programs_where_it_is(binary, folder):
    port = free_port()
    data = folder / "data"
    # Standard output by itself: what a program reads.
    process = Cauce(binary, "").start("dev", "--port", str(port), "--data", str(data), "-o", "json")
    try:
        told = b"".join(iter(process.stdout.readline, b"}\n")) + b"}"
        ready = json.loads(told)
        expect((ready["bootstrap_servers"], ready["data_directory"], ready["is_ephemeral"]), (f"127.0.0.1:{port}", str(data), False),
               "what it tells")
        expect(sorted(ready), ["bootstrap_servers", "data_directory", "http", "is_ephemeral", "version"], "fields")
        Cauce(binary, ready["bootstrap_servers"]).call("topic", "list")
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    expect((process.returncode, out), (0, b""), "exit code and what else it tells")
    expect("Kafka Server started" in said.decode() and "Ctrl-C stops it" in said.decode(), True, "talk on standard error")


@server_test
def ephemeral_data_is_gone_at_the_end(binary, folder):
    port = free_port()
    with Server(binary, ["dev", "--port", str(port), "--ephemeral", "--no-open"], port, folder) as server:
        server.cauce.call("produce", "gone", text=b"a line\n")
        wait_until(lambda: "Ctrl-C stops it" in server.said(), "saying that it is ready")
        data = pathlib.Path(re.search(r"^data +(.*) \(removed at the end\)$", server.said(), re.MULTILINE)[1])
        expect(data.is_dir(), True, "data while it runs")
        server.stop(signal.SIGINT)
        expect(data.exists(), False, "data afterwards")


@server_test
def a_broker_is_formatted_and_started(binary, folder):
    cauce = Cauce(binary, "127.0.0.1:1")
    cluster = cauce.out("storage", "random-uuid").decode().strip()
    expect(len(cluster), 22, "length of an id")
    expect(len(cauce.json("storage", "random-uuid")["uuid"]), 22, "length of an id in JSON")
    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(f"process.roles=broker,controller\nnode.id=7\nlog.dirs={folder}/data\n"
                      f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n"
                      "controller.listener.names=CONTROLLER\n")
    start = ["broker", "start", "-c", str(config)]
    format_words = ["storage", "format", "--standalone", "-c", str(config)]
    complaint = refused(binary, *start)
    expect("is not formatted; run: cauce storage format" in complaint, True, "complaint before formatting")
    expect("error: the broker did not start\n  why: " in complaint and f"\n next: cauce doctor -c {config}  " in complaint, True,
           "the shape of it")
    said = cauce.out(*format_words, "-t", cluster).decode()
    expect(said.startswith("Formatting dynamic metadata voter directory "), True, "what formatting says")
    expect(f"cluster.id={cluster}" in (folder / "data" / "meta.properties").read_text(), True, "the id in meta.properties")
    expect("already formatted" in refused(binary, *format_words, "-t", cluster), True, "complaint about a second format")
    expect(cauce.call(*format_words, "-t", cluster, "--ignore-formatted")[1], b"", "complaint when that is ignored")
    other = cauce.out("storage", "random-uuid").decode().strip()
    expect(f"belongs to cluster {cluster}" in refused(binary, *format_words, "-g", "-t", other), True, "complaint about the id")
    formats = lambda *more: cauce.json(*format_words, "-t", cluster, "--ignore-formatted", *more)
    expect(formats(), [{"directory": f"{folder}/data", "metadata_version": None, "cluster_id": cluster,
                        "status": "already formatted"}], "formatting in JSON")
    refused(binary, "storage", "format", "-t", cluster, code=2)
    complaint = refused(binary, "storage", "format", "-t", cluster, "-c", str(config), code=2)
    expect(parts_of(complaint)["error"], "nothing says who votes first", "complaint about voters")
    refused(binary, "broker", "start", code=2)
    # A folder is no configuration either.
    for none in (folder / "none", folder):
        for words in (["broker", "start"], ["storage", "format", "--standalone", "-t", cluster]):
            complaint = refused(binary, *words, "-c", str(none), code=3)
            expect((list(parts_of(complaint)), str(none) in parts_of(complaint)["why"]), (["error", "why", "next"], True), complaint)
    expect("did you mean log.retention.hours?" in refused(binary, *start, "--set", "log.retention.hourz=1"), True, "suggestion")
    with Server(binary, [*start, "--set", "num.partitions=3"], port, folder) as server:
        info = server.cauce.json("cluster", "info")
        expect((info["cluster_id"], [b["node_id"] for b in info["brokers"]]), (cluster, [7]), "cluster")
        server.cauce.call("produce", "made-by-itself", text=b"x\n")
        topic, = server.cauce.json("topic", "describe", "made-by-itself")
        expect(topic["partition_count"], 3, "num.partitions")
        server.stop()


@server_test
def a_broker_has_several_log_directories(binary, folder):
    port = free_port()
    config = folder / "directories.properties"

    def configure(*names):
        config.write_text("process.roles=broker,controller\nnode.id=7\n"
                          f"log.dirs={','.join(str(folder / name) for name in names)}\nmetadata.log.dir={folder}/metadata\n"
                          f"listeners=PLAINTEXT://127.0.0.1:{port}\n")

    configure("one", "two")
    cauce = Cauce(binary, "127.0.0.1:1")
    said = cauce.out("storage", "format", "--standalone", "-c", str(config), "-t", "dLfCc2p6Rkqg0Hk0TjBiow").decode()
    expect([line.split(" directory ")[0] for line in said.splitlines()],
           ["Formatting data", "Formatting data", "Formatting dynamic metadata voter"], "what formatting says")
    identities = {re.search("directory.id=(.*)", (folder / name / "meta.properties").read_text())[1]
                  for name in ("one", "two", "metadata")}
    expect(len(identities), 3, "number of directory ids")

    def folders(name):
        return sorted(entry.name for entry in (folder / name).glob("spread-*"))

    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        server.cauce.call("topic", "create", "spread", "-p", "4")
        for partition in range(4):
            server.cauce.call("produce", "spread", "-p", str(partition), text=b"line %d\n" % partition)
        server.stop()
    expect((folders("one"), folders("two")), (["spread-0", "spread-2"], ["spread-1", "spread-3"]), "where partitions are")
    configure("one", "two", "three")
    with Server(binary, ["broker", "start", "-c", str(config)], port, folder) as server:
        expect(f"the log directory {folder}/three is new" in server.said(), True, "what it says of a new directory")
        read = server.cauce.out("consume", "spread", "--exit")
        expect(sorted(read.splitlines()), [b"line %d" % partition for partition in range(4)], "what was kept")
        server.stop()
    meta = folder / "two" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=7", "node.id=8"))
    complaint = refused(binary, "broker", "start", "-c", str(config))
    expect(f"{folder}/two belongs to node 8, but node.id is 7" in complaint, True, "complaint about another node's directory")


@server_test
def files_of_a_broker_are_shown_and_verified(binary, folder):
    port = free_port()
    data = folder / "made" / "with" / "it"
    with Server(binary, ["dev", "--port", str(port), "--data", str(data), "--no-open"], port, folder) as server:
        server.cauce.call("topic", "create", "shown")
        server.cauce.call("produce", "shown", text=b"one\ntwo\n")
        cauce = server.cauce
        expect(cauce.json("storage", "info", str(data))[0]["in_use"], True, "in use")
        expect("a broker uses it" in refused(binary, "storage", "verify", str(data)), True, "complaint about the broker")
        server.stop()
    info, = cauce.json("storage", "info", str(data))
    expect((info["opens"], info["clean_shutdown"], info["node_id"], info["voters"]), (True, True, 1, [1]), "info")
    shown, = [one for one in info["partitions"] if one["folder"] == "shown-0"]
    expect((shown["start_offset"], shown["end_offset"]), (0, 2), "offsets of a partition")
    expect(cauce.json("storage", "verify", str(data))["damages"], 0, "damages")
    segment = data / "shown-0" / f"{0:020d}.log"
    expect([record["value"] for record in cauce.json("storage", "dump", str(segment))], ["one", "two"], "records")
    told = cauce.out("storage", "dump", str(data / "__cluster_metadata-0" / f"{0:020d}.log")).decode()
    expect('TopicRecord {"name":"shown"' in told, True, "the metadata log")
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    segment.write_bytes(content)
    expect("is damaged" in refused(binary, "storage", "verify", str(data), code=6), True, "complaint about damage")
    expect("is damaged" in refused(binary, "storage", "dump", str(segment), code=6), True, "complaint about the segment")


@server_test
def a_container_needs_no_configuration(binary, folder):
    port = free_port()
    environment = {"KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}", "KAFKA_LOG_DIRS": f"{folder}/data",
                   "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw", "KAFKA_NUM_PARTITIONS": "3"}
    words = [f"{name}={value}" for name, value in environment.items()]
    ready = lambda code: subprocess.run(["env", *words, binary, "broker", "ready", "--container"], check=False,
                                        capture_output=True, timeout=PATIENCE).returncode == code
    expect(ready(5), True, "not ready before it runs")
    for _ in range(2):  # an empty directory is formatted; a formatted one is taken as it is
        with Server("env", [*words, binary, "broker", "start", "--container"], port, folder) as server:
            server.cauce.binary = binary
            wait_until(lambda: ready(0), "broker ready")
            expect(server.cauce.json("cluster", "info")["cluster_id"], "4L6g3nShT-eMCtK--X86sw", "cluster id")
            server.cauce.call("produce", "made-by-itself", text=b"x\n")
            expect(server.cauce.json("topic", "describe", "made-by-itself")[0]["partition_count"], 3, "num.partitions")
            expect(server.cauce.json("cluster", "health", "--exit-when-healthy")["is_healthy"], True, "health")
            server.stop()


@server_test
def kafkas_tools_format_start_ask_and_stop_by_their_names(binary, folder):
    # A file of its own: kafka-server-stop ends every server of the program it is a link to.
    program = folder / "cauce"
    shutil.copy(binary, program)

    def tool(name, *words, text=b"", code=0):
        link = folder / name
        if not link.exists():
            link.symlink_to(program)
        return Cauce(link, "127.0.0.1:1").call(*words, text=text, code=code)

    port, controller_port = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(f"process.roles=broker,controller\nnode.id=1\nlog.dirs={folder}/data\n"
                      f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n"
                      "controller.listener.names=CONTROLLER\n")
    cluster = tool("kafka-storage.sh", "random-uuid")[0].decode().strip()
    tool("kafka-storage", "format", "--standalone", "-t", cluster, "-c", str(config))
    expect(tool("kafka-server-stop.sh", code=1)[0], b"No kafka server to stop\n", "stopping nothing")
    (folder / "kafka-server-start.sh").symlink_to(program)
    words = [str(config), "--override", "num.partitions=2"]
    with Server(folder / "kafka-server-start.sh", words, port, folder) as server:
        broker = ["--bootstrap-server", f"127.0.0.1:{port}"]
        expect(tool("kafka-topics.sh", *broker, "--create", "--topic", "cli-kafka")[0], b"Created topic cli-kafka.\n", "creating")
        tool("kafka-console-producer", *broker, "--topic", "cli-kafka", "--reader-property", "parse.key=true",
             text=b"a\tone\na\ttwo\n")
        out, said = tool("kafka-console-consumer", *broker, "--topic", "cli-kafka", "--from-beginning", "--max-messages", "2",
                         "--group", "cli-kafka")
        expect((out, said), (b"one\ntwo\n", b"Processed a total of 2 messages\n"), "consuming")
        expect(tool("kafka-get-offsets", *broker, "--topic", "cli-kafka")[0].count(b"\n"), 2, "partitions")
        described = tool("kafka-consumer-groups", *broker, "--describe", "--group", "cli-kafka")[0].decode().split()
        expect(described[:3], ["GROUP", "TOPIC", "PARTITION"], "titles of the group's table")
        out = tool("kafka-topics.sh", *broker, "--describe", "--topic", "none", code=1)[0]
        expect(out, b"Error while executing topic command : Topic 'none' does not exist as expected\n", "complaint")
        tool("kafka-server-stop.sh")
        expect(server.process.wait(PATIENCE), 0, "exit code of the server")
