"""Names: from Kafka's words to the C++ and file names made of them."""

import re

_KEYWORDS = {"default", "namespace", "operator", "private", "public", "register", "template",
             "delete", "new", "class", "struct", "enum", "bool", "int", "long", "short", "export"}


# Names the generated functions use for themselves.
_LOCALS = {"r", "w", "v", "f", "x", "flexible", "tag", "left", "start"}


def snake(name):
    name = name.replace("KRaft", "Kraft")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def member(name):
    return name + "_" if name in _KEYWORDS or name in _LOCALS else name
