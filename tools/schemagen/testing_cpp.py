"""Writes what tests of all messages need: a registry of codecs, and fillers with random values."""

from cpp import header_name
from names import member
from types_cpp import condition, is_optional


def registry_source(messages):
    lines = ["// Generated from schema/.", '#include "wire/testing/registry.h"', "",
             '#include "wire/testing/codec_of.h"']
    lines += [f'#include "{h}"' for h in sorted(header_name(m) for m in messages)]
    lines += ["", "namespace cauce::wire::testing {", ""]
    lines += [f"void fill(Filler& f, {m.name}& x, std::int16_t v);" for m in messages]
    lines += ["", "std::span<const MessageCodec> all_messages() {",
              "    static const MessageCodec kAll[] = {"]
    for m in messages:
        key = "std::nullopt" if m.key is None else m.key
        flexible = "std::nullopt" if m.first_flexible is None else m.first_flexible
        lines.append(f'        codec_of<{m.name}>("{m.kind}", {key}, {m.versions.first}, '
                     f"{m.versions.last}, {flexible}),")
    lines += ["    };", "    return kAll;", "}", "", "}  // namespace cauce::wire::testing"]
    return "\n".join(lines) + "\n"


def filler_source(messages):
    lines = ["// Generated from schema/."]
    lines += [f'#include "{h}"' for h in sorted(header_name(m) for m in messages)]
    lines += ["", '#include "wire/testing/filler.h"', "", "namespace cauce::wire::testing {", ""]
    # What is our own stays out: other libraries' codecs are held against these values.
    for message in messages:
        for struct, fields in message.published():
            if struct is message:
                lines += [f"void fill(Filler& f, {message.name}& x, std::int16_t v);"]
                lines += [_signature(message.name)]
            else:
                lines += ["static " + _signature(f"{message.name}::{struct.name}")]
            lines += _body(struct, fields) + [""]
    lines += ["}  // namespace cauce::wire::testing"]
    return "\n".join(lines) + "\n"


def _signature(type_name):
    return (f"void fill([[maybe_unused]] Filler& f, [[maybe_unused]] {type_name}& x, "
            "[[maybe_unused]] std::int16_t v) {")


def _body(struct, fields):
    lines = []
    for field in fields:
        test = condition(field.versions, struct.versions)
        lines += [f"    {f'if ({test}) ' if test else ''}{_fill(field)};"]
    return lines + ["}"]


def _fill(field):
    target = f"x.{member(field.name)}"
    nullable = "false"
    if is_optional(field):
        nullable = condition(field.nullable, field.versions) or "true"
    if field.is_struct or field.is_array:
        what = "structs" if field.is_array and field.is_struct else "values"
        if field.is_struct and not field.is_array:
            return (f"f.optional_struct({target}, v, {nullable})" if is_optional(field)
                    else f"fill(f, {target}, v)")
        return f"f.{what}({target}, {'v, ' if field.is_struct else ''}{nullable})"
    return f"f.value({target}{f', {nullable}' if is_optional(field) else ''})"
