"""Writes the API key enum and the table of APIs."""

from names import snake


def _requests(messages):
    return sorted((m for m in messages if m.kind == "request"), key=lambda m: m.key)


def _api_name(request):
    return request.name.removesuffix("Request")


def api_key_header(messages):
    lines = ["// Generated from schema/wire.", "#pragma once", "", "#include <cstdint>", "",
             "namespace cauce::wire {", "", "enum class ApiKey : std::int16_t {"]
    lines += [f"    {snake(_api_name(m))} = {m.key}," for m in _requests(messages)]
    lines += ["};", "", "}  // namespace cauce::wire"]
    return "\n".join(lines) + "\n"


def api_table_source(messages):
    flexible_never = "std::numeric_limits<std::int16_t>::max()"
    rows = []
    for m in _requests(messages):
        name = _api_name(m)
        flexible = flexible_never if m.first_flexible is None else m.first_flexible
        on = ["true" if where in m.listeners else "false" for where in ("broker", "controller")]
        rows.append(f'    {{ApiKey::{snake(name)}, "{name}", {m.versions.first}, {m.last_stable}, '
                    f"{m.versions.last}, {flexible}, {on[0]}, {on[1]}}},")
    lines = ["// Generated from schema/wire.", '#include "wire/api_table.h"', "",
             "#include <limits>", "", "namespace cauce::wire {", "", "namespace {", "",
             "constexpr ApiInfo kApis[] = {"] + rows + ["};", "", "}  // namespace", "",
             "std::span<const ApiInfo> all_apis() { return kApis; }", "", "}  // namespace cauce::wire"]
    return "\n".join(lines) + "\n"
