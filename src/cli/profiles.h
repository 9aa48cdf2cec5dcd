// Profiles: named sets of client settings, so that nobody types an address twice.
//
//   ~/.config/cauce/profiles.yaml   the user's: `current` and `profiles`, each with bootstrap,
//   output
//                                   and settings
//   cauce.yaml                      a project's, looked for from the working folder up to the
//   folder
//                                   that holds .git: profile, and what stands over that profile
//
// What counts, from strong to weak: the command line, CAUCE_* variables, the project, the profile.
// The files are the part of YAML that is shown here: names, indentation, quotes, comments.
#pragma once

#include "cli/arguments.h"
#include "cli/environment.h"
#include "cli/main.h"
#include "cli/problem.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

struct Profile {
    std::string bootstrap;  // "host:port,..."; empty: not set
    std::string output;     // a word of -o
    std::vector<KeyValue> settings;

    bool operator==(const Profile&) const = default;
};

struct ProfileFile {
    std::string current;  // empty: none
    std::map<std::string, Profile> profiles;
};
// The problem names the line. `path` is for that.
Expected<ProfileFile> parse_profiles(std::string_view text, const std::string& path);
std::string profiles_text(const ProfileFile& file);
std::string profiles_path(const Invocation& invocation);

struct ProjectFile {
    std::string profile;
    Profile own;
};
Expected<ProjectFile> parse_project(std::string_view text, const std::string& path);

// What stands below the command line and the variables, from weak to strong.
struct SettingsLayer {
    std::string origin;  // "profile dev", or the path of a cauce.yaml
    Profile values;
};
struct ProfileLayers {
    std::string profile;  // in use; empty: none
    std::vector<SettingsLayer> layers;
};
// `named`: --profile, over CAUCE_PROFILE, the project's and the current one.
Expected<ProfileLayers> load_profiles(const Invocation& invocation, Program& program,
                                      const std::optional<std::string>& named);
Expected<ProfileFile> load_profile_file(const Invocation& invocation, Program& program);
// A profile that is not there.
Problem unknown_profile(const std::string& name, const ProfileFile& file);

}  // namespace cauce::cli
