#include "cli/profiles.h"

#include "cli/nearest.h"
#include "cli/report.h"
#include "cli/value.h"

#include <utility>

namespace cauce::cli {
namespace {

// A name with a text, or with names below it.
struct Node {
    std::string name;
    std::string text;
    std::vector<Node> below;
    std::size_t line = 0;
};

std::unexpected<Problem> bad_line(const std::string& path, std::size_t line, std::string why) {
    return usage_problem(path + ":" + std::to_string(line) + " cannot be understood",
                         std::move(why), "correct that line; `cauce help profile` shows the form");
}

// The text of a scalar; nothing when its quotes do not close. A comment may follow.
std::optional<std::string> scalar(std::string_view rest) {
    while (rest.starts_with(' '))
        rest.remove_prefix(1);
    std::string out;
    if (rest.starts_with('"') || rest.starts_with('\'')) {
        const char quote = rest.front();
        for (std::size_t i = 1; i < rest.size(); ++i) {
            if (quote == '"' && rest[i] == '\\' && i + 1 < rest.size()) {
                out += rest[++i];
            } else if (rest[i] != quote) {
                out += rest[i];
            } else if (quote == '\'' && i + 1 < rest.size() && rest[i + 1] == '\'') {
                out += rest[++i];
            } else {
                std::string_view behind = rest.substr(i + 1);
                while (behind.starts_with(' '))
                    behind.remove_prefix(1);
                if (!behind.empty() && !behind.starts_with('#')) return std::nullopt;
                return out;
            }
        }
        return std::nullopt;
    }
    if (rest.starts_with('#')) return out;
    out = rest.substr(0, rest.find(" #"));
    while (out.ends_with(' '))
        out.pop_back();
    return out;
}

Expected<Node> parse_tree(std::string_view text, const std::string& path) {
    Node root;
    // The open nodes and how far they stand to the right; -1: the root.
    std::vector<std::pair<int, Node*>> open{{-1, &root}};
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t indent = line.find_first_not_of(' ');
        if (indent == std::string_view::npos || line[indent] == '#' || line == "---") continue;
        line.remove_prefix(indent);
        // Names may hold colons only in quotes, which settings do not need.
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || line.starts_with("- ") || line.starts_with('\t'))
            return bad_line(path, number, "each line is NAME: VALUE, indented by blanks");
        while (static_cast<int>(indent) <= open.back().first)
            open.pop_back();
        Node& parent = *open.back().second;
        if (!parent.text.empty())
            return bad_line(path, number, "`" + parent.name + "` has a value and names below it");
        const auto name = scalar(line.substr(0, colon));
        const auto value = scalar(line.substr(colon + 1));
        if (!name || name->empty() || !value)
            return bad_line(path, number, "a quote is not closed, or the name is missing");
        for (const Node& other : parent.below)
            if (other.name == *name)
                return bad_line(path, number, "`" + *name + "` stands there twice");
        parent.below.push_back({*name, *value, {}, number});
        open.emplace_back(static_cast<int>(indent), &parent.below.back());
    }
    return root;
}

// Takes `node` when it is one of a profile's own.
Expected<bool> take(Profile& into, const Node& node, const std::string& path) {
    if (node.name == "bootstrap") {
        into.bootstrap = node.text;
    } else if (node.name == "output") {
        if (!output_format(node.text))
            return bad_line(path, node.line, "output takes " + std::string(kOutputFormats));
        into.output = node.text;
    } else if (node.name == "settings") {
        for (const Node& setting : node.below)
            into.settings.emplace_back(setting.name, setting.text);
    } else {
        return false;
    }
    return true;
}

std::string yaml_text(const std::string& text) {
    std::string out;
    append_json_text(out, text);
    return out;
}

std::string variable(const Invocation& invocation, const char* name) {
    const auto found = invocation.variables.find(name);
    return found == invocation.variables.end() ? std::string() : found->second;
}

// The project's file: the nearest cauce.yaml, not above the folder that holds .git.
std::optional<std::pair<std::string, std::string>> find_project(const Invocation& invocation,
                                                                Program& program) {
    std::string folder = invocation.working_folder;
    while (!folder.empty()) {
        std::string path = folder + "/cauce.yaml";
        if (auto text = program.read_file(path)) return std::pair(std::move(path), *text);
        if (program.exists(folder + "/.git")) break;
        folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
    }
    return std::nullopt;
}

}  // namespace

Expected<ProfileFile> parse_profiles(std::string_view text, const std::string& path) {
    const auto tree = parse_tree(text, path);
    if (!tree) return std::unexpected(tree.error());
    ProfileFile file;
    for (const Node& node : tree->below) {
        if (node.name == "current") {
            file.current = node.text;
        } else if (node.name == "profiles") {
            for (const Node& one : node.below) {
                Profile& profile = file.profiles[one.name];
                for (const Node& part : one.below) {
                    const auto taken = take(profile, part, path);
                    if (!taken) return std::unexpected(taken.error());
                    if (!*taken)
                        return bad_line(
                            path, part.line,
                            "a profile has bootstrap, output and settings, no `" + part.name + "`");
                }
            }
        } else {
            return bad_line(path, node.line,
                            "there are `current` and `profiles`, no `" + node.name + "`");
        }
    }
    return file;
}

Expected<ProjectFile> parse_project(std::string_view text, const std::string& path) {
    const auto tree = parse_tree(text, path);
    if (!tree) return std::unexpected(tree.error());
    ProjectFile file;
    for (const Node& node : tree->below) {
        if (node.name == "profile") {
            file.profile = node.text;
            continue;
        }
        const auto taken = take(file.own, node, path);
        if (!taken) return std::unexpected(taken.error());
        if (!*taken)
            return bad_line(
                path, node.line,
                "a project has profile, bootstrap, output and settings, no `" + node.name + "`");
    }
    return file;
}

std::string profiles_text(const ProfileFile& file) {
    std::string out = "# Written by `cauce profile`.\n";
    if (!file.current.empty()) out += "current: " + yaml_text(file.current) + "\n";
    out += "profiles:\n";
    for (const auto& [name, profile] : file.profiles) {
        out += "  " + yaml_text(name) + ":\n";
        if (!profile.bootstrap.empty())
            out += "    bootstrap: " + yaml_text(profile.bootstrap) + "\n";
        if (!profile.output.empty()) out += "    output: " + yaml_text(profile.output) + "\n";
        if (!profile.settings.empty()) out += "    settings:\n";
        for (const auto& [key, value] : profile.settings)
            out += "      " + key + ": " + yaml_text(value) + "\n";
    }
    return out;
}

std::string profiles_path(const Invocation& invocation) {
    // The XDG rule: a relative path there is to be ignored.
    std::string folder = variable(invocation, "XDG_CONFIG_HOME");
    if (!folder.starts_with('/')) {
        const std::string home = variable(invocation, "HOME");
        folder = (home.starts_with('/') ? home : invocation.working_folder) + "/.config";
    }
    return folder + "/cauce/profiles.yaml";
}

Expected<ProfileFile> load_profile_file(const Invocation& invocation, Program& program) {
    const std::string path = profiles_path(invocation);
    const auto text = program.read_file(path);
    if (!text) return ProfileFile();
    return parse_profiles(*text, path);
}

Problem unknown_profile(const std::string& name, const ProfileFile& file) {
    std::vector<std::string> names;
    for (const auto& [known, profile] : file.profiles)
        names.push_back(known);
    const auto meant = nearest(name, names);
    return {exit_not_found,
            "there is no profile `" + name + "`",
            {},
            (meant ? "did you mean `" + *meant + "`?  " : std::string()) +
                "cauce profile list  shows those there are"};
}

Expected<ProfileLayers> load_profiles(const Invocation& invocation, Program& program,
                                      const std::optional<std::string>& named) {
    const auto file = load_profile_file(invocation, program);
    if (!file) return std::unexpected(file.error());
    ProfileLayers out;
    std::optional<SettingsLayer> project;
    std::string from_project;
    if (const auto found = find_project(invocation, program)) {
        const auto parsed = parse_project(found->second, found->first);
        if (!parsed) return std::unexpected(parsed.error());
        from_project = parsed->profile;
        project = SettingsLayer{found->first, parsed->own};
    }
    out.profile = named.value_or("");
    if (out.profile.empty()) out.profile = variable(invocation, "CAUCE_PROFILE");
    if (out.profile.empty()) out.profile = from_project;
    if (out.profile.empty()) out.profile = file->current;
    if (!out.profile.empty()) {
        const auto profile = file->profiles.find(out.profile);
        if (profile == file->profiles.end())
            return std::unexpected(unknown_profile(out.profile, *file));
        out.layers.push_back({"profile " + out.profile, profile->second});
    }
    if (project) out.layers.push_back(*std::move(project));
    return out;
}

}  // namespace cauce::cli
