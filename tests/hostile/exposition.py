"""Reads a page in Prometheus' text format, version 0.0.4, and tells what is wrong with it.

Stricter than a scraper: each family has its help and its type before its samples, all in one place; no sample comes
twice; counters end in _total and are not negative; the buckets of a histogram grow and end with +Inf, which is the
count; labels are escaped as they must be."""

import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\Z)')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)\Z")
TYPES = ("counter", "gauge", "summary", "histogram")
SUFFIXES = {"summary": ("", "_sum", "_count"), "histogram": ("_bucket", "_sum", "_count")}


class Family:
    def __init__(self, name):
        self.name, self.type, self.help = name, None, None
        self.samples = []  # (name, labels as a dict, value)


def read_labels(text):
    """As a dict; None when they are malformed."""
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if match is None or match[1] in labels:
            return None
        labels[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
    return labels


def read_number(text):
    if text in ("NaN", "+Inf", "-Inf"):
        return float(text.replace("Inf", "inf"))
    try:
        return float(text) if re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text) else None
    except ValueError:
        return None


def read(page):
    """(families by name, complaints)."""
    families, complaints, present = {}, [], None
    if not page.endswith("\n"):
        complaints.append("the last line has no end")
    for number, line in enumerate(page.split("\n")[:-1], 1):
        def complain(what, number=number, line=line):
            complaints.append(f"line {number}: {what}: {line[:100]}")

        if line.startswith("# "):
            words = line.split(" ", 3)
            if len(words) < 4 or words[1] not in ("HELP", "TYPE") or not NAME.match(words[2]):
                complain("neither help nor type")
                continue
            _, kind, name, rest = words
            if kind == "HELP":
                if name in families:
                    complain("a second time")
                present = families[name] = Family(name)
                present.help = rest
            elif present is None or present.name != name or present.type or present.samples:
                complain("a type that does not follow its help")
            elif rest not in TYPES:
                complain("no such type")
            else:
                present.type = rest
            continue
        match = SAMPLE.match(line)
        labels = read_labels(match[2] or "") if match else None
        value = read_number(match[3]) if match else None
        if labels is None or value is None:
            complain("no sample")
        elif present is None or present.type is None:
            complain("a sample without a type before it")
        elif match[1] not in [present.name + suffix for suffix in SUFFIXES.get(present.type, ("",))]:
            complain(f"a sample among those of {present.name}")
        else:
            present.samples.append((match[1], labels, value))
    for family in families.values():
        complaints += check_family(family)
    return families, complaints


def check_family(family):
    seen = set()
    for name, labels, value in family.samples:
        identity = (name, tuple(sorted(labels.items())))
        if identity in seen:
            yield f"{name}{labels}: a second time"
        seen.add(identity)
        if (family.type == "counter" or name.endswith(("_bucket", "_count"))) and not 0 <= value < math.inf:
            yield f"{name}{labels}: it counts, and is {value}"
    if (family.type == "counter") != family.name.endswith("_total"):
        yield f"{family.name}: counters end in _total, and nothing else does; it is a {family.type}"
    if not family.help or family.type is None:
        yield f"{family.name}: no help or no type"
    if family.type == "histogram":
        yield from check_histogram(family)
    if family.type == "summary":
        for name, labels, _ in family.samples:
            if name == family.name and not 0 <= float(labels.get("quantile", "nan")) <= 1:
                yield f"{name}{labels}: no quantile"


def check_histogram(family):
    series = {}
    for name, labels, value in family.samples:
        rest = tuple(sorted((key, text) for key, text in labels.items() if key != "le"))
        entry = series.setdefault(rest, {"buckets": []})
        if name.endswith("_bucket"):
            entry["buckets"].append((float(labels.get("le", "nan").replace("Inf", "inf")), value))
        else:
            entry[name.removeprefix(family.name)] = value
    for rest, entry in series.items():
        bounds = [bound for bound, _ in entry["buckets"]]
        counts = [count for _, count in entry["buckets"]]
        if not bounds or bounds[-1] != math.inf or bounds != sorted(set(bounds)):
            yield f"{family.name}{rest}: bounds do not grow up to +Inf"
        elif counts != sorted(counts) or counts[-1] != entry.get("_count") or "_sum" not in entry:
            yield f"{family.name}{rest}: counts do not grow up to the count, or there is no sum"


GOOD = """# HELP a_total What a does.
# TYPE a_total counter
a_total{x="1",y="say \\"no\\\\n\\" or\\n"} 1
a_total{x="2"} 0
# HELP b Seconds.
# TYPE b histogram
b_bucket{le="0.5"} 1
b_bucket{le="+Inf"} 3
b_sum 4.5e-05
b_count 3
# HELP c Milliseconds.
# TYPE c summary
c{quantile="0.5"} NaN
c_sum 0
c_count 0
"""
# What is put in place of what, and must be found out.
BAD = (
    ("# HELP a_total What a does.\n", ""), ("# TYPE a_total counter\n", ""), ("counter", "meter"), ("a_total", "a"),
    ('x="2"', 'x="1",y="say \\"no\\\\n\\" or\\n"'), (' 1\n', ' -1\n'), (' 1\n', ' one\n'), (' 1\n', '\n'), ('x="2"', 'x="2'),
    ('x="2"', 'x="\\2"'), ('x="2"', 'x="2",x="3"'), ('x="2"', '2="x"'), ('b_bucket{le="+Inf"} 3\n', ""),
    ('le="0.5"} 1', 'le="0.5"} 4'), ("b_count 3", "b_count 2"), ("b_sum 4.5e-05\n", ""), ("b_count", "d_count"),
    ('quantile="0.5"', 'quantile="5"'), ("c_count 0\n", "c_count 0"), ("# HELP c", "# HELP b"),
)


def self_test():
    """What a reader of nothing but good pages would not notice."""
    families, complaints = read(GOOD)
    if complaints or set(families) != {"a_total", "b", "c"}:
        return [f"a good page is complained of: {complaints}"]
    if families["a_total"].samples[0][1]["y"] != 'say "no\\n" or\n':
        return ["labels are not read as they were written"]
    return [f"not found out: {new!r} instead of {old!r}" for old, new in BAD if not read(GOOD.replace(old, new))[1]]


if __name__ == "__main__":
    import sys
    if sys.argv[1:] == ["--self-test"]:
        found = self_test()
    else:
        found = read(sys.stdin.read())[1]
    print("\n".join(found))
    sys.exit(1 if found else 0)
