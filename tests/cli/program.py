"""The program itself: what it says of the cluster and of words, its exit codes, profiles and completion."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from calling import PATIENCE, Cauce, expect, expect_all, test


@test
def the_cluster_describes_itself(cauce):
    info = cauce.json("cluster", "info")
    expect(info["broker_count"], len(info["brokers"]), "brokers")
    expect(info["brokers"][0]["is_fenced"], False, "fenced")
    expect(cauce.out("cluster", "info").split()[0], b"cluster", "first word of the table")
    expect(sorted(cauce.json("version")), ["kafka_protocol", "version"], "version")
    expect(cauce.out("version").split()[0], b"cauce", "first word of the version's table")


@test
def wrong_use_has_its_exit_codes(cauce):
    cauce.call("nonsense", code=2)
    cauce.call("topic", "list", "--nonsense", code=2)
    cauce.call("topic", "list", "-X", "nonsense=1", code=2)
    cauce.call("consume", "cli-nothing", "--exit", code=3)
    cauce.call("topic", "delete", "cli-nothing", "-y", code=3)
    _, said = cauce.call("topic", "list", "-b", "127.0.0.1:1", code=5)
    expect(b"127.0.0.1:1" in said and b"cauce dev" in said, True, "complaint")
    cauce.call("help")
    expect(cauce.out("topic", "create", "--help"), cauce.out("help", "topic", "create"), "help")


@test
def shells_complete_commands_and_names(cauce):
    cauce.call("topic", "create", "cli-completion-1")
    cauce.call("topic", "create", "cli-completion-2")
    expect(cauce.out("__complete", "cauce topic describe cli-completion-").split(),
           [b"cli-completion-1", b"cli-completion-2"], "names of topics")
    expect(cauce.out("__complete", "cauce clus"), b"cluster\n", "commands")
    # Readline takes host:port apart; the function has to put it together again.
    script = ("source <(\"$1\" completion bash)\nCOMP_WORDS=(\"$1\" -b 127.0.0.1 : \"$2\" topic describe cli-completion-)\n"
              "COMP_CWORD=7 COMP_LINE=\"cauce -b 127.0.0.1:$2 topic describe cli-completion-\"\nCOMP_POINT=${#COMP_LINE}\n"
              "_cauce\necho \"${COMPREPLY[*]}\"\n")
    port = cauce.environment["CAUCE_BOOTSTRAP"].split(":")[-1]
    said = subprocess.run(["bash", "-c", script, "bash", cauce.binary, port], capture_output=True, check=False, timeout=PATIENCE)
    expect(said.stdout.split(), [b"cli-completion-1", b"cli-completion-2"], f"what bash offers ({said.stderr.decode()})")
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            checked = subprocess.run([shell, "-n"], input=cauce.out("completion", shell), capture_output=True, check=False)
            expect((checked.returncode, checked.stderr), (0, b""), f"what {shell} thinks of its script")
    cauce.call("topic", "delete", "cli-completion-1", "cli-completion-2", "-y")


@test
def profiles_keep_settings(cauce):
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": ""}
        environment.pop("CAUCE_BOOTSTRAP", None)
        mine = Cauce(cauce.binary, "")
        mine.environment = environment
        mine.call("profile", "current", code=3)
        mine.call("profile", "create", "here", "-b", cauce.environment["CAUCE_BOOTSTRAP"], "-X", "client.id=me")
        mine.call("profile", "create", "nowhere", "-b", "127.0.0.1:1")
        expect(mine.out("profile", "current"), b"here\n", "the first one made")
        expect(mine.json("cluster", "info")["broker_count"], cauce.json("cluster", "info")["broker_count"], "brokers")
        mine.call("topic", "list", "--profile", "nowhere", code=5)
        mine.call("profile", "use", "nowhere")
        mine.call("topic", "list", code=5)
        expect({row["name"]: row["origin"] for row in mine.json("profile", "show", "here")},
               {"bootstrap": "profile here", "client.id": "profile here"}, "origins")
        mine.call("profile", "delete", "nowhere")
        expect([row["profile"] for row in mine.json("profile", "list")], ["here"], "profiles")


@test
def errors_and_keys_are_explained(cauce):
    expect(cauce.json("explain", "19")[0]["name"], "NOT_ENOUGH_REPLICAS", "error 19")
    expect([key["scope"] for key in cauce.json("explain", "min.insync.replicas")], ["broker", "topic"], "scopes of a key")
    cauce.call("explain", "NOT_ENOUGH_COFFEE", code=3)
    name = "kafka_server_brokertopicmetrics_messagesin_total"
    metric, = cauce.json("explain", name)
    expect([metric[field] for field in ("name", "kind", "type", "unit", "labels")],
           [name, "metric", "counter", "records", ["topic"]], "a metric")
    lines = cauce.out("explain", name).decode().splitlines()
    expect([line.split()[0] for line in lines], ["metric", "means", "type", "unit", "labels", "worry"], "a metric's lines")
    expect(f"- name: {name}" in cauce.out("explain", name, "-o", "yaml").decode(), True, "a metric in YAML")
    expect(cauce.out("explain", name + '{topic="a"}', "-o", "name").decode(), name + "\n", "a metric by its sample")
    expect(name in cauce.out("__complete", f"cauce explain {name[:-8]}").decode().split(), True, "a metric is completed")
    error = cauce.call("explain", name.replace("messages", "mesages"), code=3)[1].decode()
    expect(f"did you mean `{name}`?" in error, True, f"the nearest metric in {error!r}")
    # tests/hostile holds the same list against what a broker serves.
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
    listed = {name: (kind, re.findall(r"\w+", labels))
              for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", text, re.MULTILINE)}
    explained = {metric["name"]: (metric["type"], metric["labels"]) for metric in cauce.json("explain", *listed)}
    expect_all(map(repr, explained.items()), map(repr, listed.items()), "metrics explained and listed in docs/metrics.md")
    offered = cauce.out("__complete", "cauce explain ").decode().split()
    expect_all([word for word in offered if word.startswith(("kafka_", "cauce_"))], list(listed), "metrics offered")
