// `cauce profile list|create|use|show|current|delete`
#include "cli/command.h"
#include "cli/globals.h"
#include "cli/profiles.h"
#include "cli/verbs.h"
#include "storage/small_file.h"

#include <cerrno>

namespace cauce::cli {
namespace {

using runtime::Task;

// What all of them know before they run.
class ProfileCommand : public ClientCommand {
protected:
    Outcome prepare(const Invocation& invocation, const Globals& globals,
                    Program& program) override {
        path_ = profiles_path(invocation);
        auto file = load_profile_file(invocation, program);
        if (!file) return std::unexpected(file.error());
        file_ = *std::move(file);
        return look(invocation, globals, program);
    }
    virtual Outcome look(const Invocation&, const Globals&, Program&) { return {}; }

    Outcome find(const std::string& name) const {
        if (file_.profiles.contains(name)) return {};
        return std::unexpected(unknown_profile(name, file_));
    }

    Task<Outcome> write(Session& session) {
        runtime::Disk& disk = session.environment().disk;
        const std::size_t last = path_.rfind('/');
        const std::string folder = path_.substr(0, last);
        for (std::size_t slash = folder.find('/', 1); slash != std::string::npos;
             slash = folder.find('/', slash + 1)) {
            const std::string above = folder.substr(0, slash);
            if (disk.exists(above)) continue;
            const auto made = disk.make_folder(above);
            if (!made) co_return not_written(made.error());
        }
        if (!disk.exists(folder)) {
            const auto made = disk.make_folder(folder);
            if (!made) co_return not_written(made.error());
        }
        const std::string text = profiles_text(file_);
        const auto written = co_await storage::replace_file(disk, folder, path_.substr(last + 1),
                                                            std::string_view(text));
        if (!written) co_return not_written(written.error());
        co_return Outcome();
    }

    std::string path_;
    ProfileFile file_;

private:
    std::unexpected<Problem> not_written(const IoError& error) const {
        return problem(exit_error, "the profiles were not written", error.to_string(),
                       "may this user write " + path_ + "?");
    }
};

class ProfileList final : public ProfileCommand {
public:
    void declare(Arguments&) override {}

protected:
    Task<Outcome> run(Session& session) override {
        Table table;
        table.columns = {{"profile", "PROFILE"},
                         {"bootstrap", "BOOTSTRAP"},
                         {"output", "OUTPUT"},
                         {"is_current", "CURRENT"}};
        for (const auto& [name, profile] : file_.profiles)
            table.add({name, profile.bootstrap, profile.output, name == file_.current});
        if (table.rows.empty())
            co_await session.talk(
                "There is no profile yet:  cauce profile create NAME -b HOST:PORT");
        co_return co_await session.print(table);
    }
};

class ProfileCreate final : public ProfileCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the profile");
    }

protected:
    Outcome look(const Invocation&, const Globals& globals, Program&) override {
        if (file_.profiles.contains(name_))
            return problem(
                exit_error, "there is a profile `" + name_ + "` already", path_,
                "cauce profile delete " + name_ + "  makes room, or write into the file");
        if (!globals.bootstrap_given)
            return usage_problem("a profile needs an address", "there is no -b",
                                 "cauce profile create " + name_ + " -b HOST:PORT");
        Profile& profile = file_.profiles[name_];
        for (const runtime::Address& address : globals.bootstrap)
            profile.bootstrap += (profile.bootstrap.empty() ? "" : ",") + address.to_string();
        profile.settings = globals.settings;
        if (file_.current.empty()) file_.current = name_;
        return {};
    }
    Task<Outcome> run(Session& session) override {
        const Outcome written = co_await write(session);
        if (!written) co_return written;
        const std::string used = file_.current == name_ ? ", and in use" : "";
        co_await session.talk("profile " + name_ + " is in " + path_ + used);
        co_return Outcome();
    }

private:
    std::string name_;
};

class ProfileUse final : public ProfileCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the profile");
    }

protected:
    Outcome look(const Invocation&, const Globals&, Program&) override {
        file_.current = name_;
        return find(name_);
    }
    Task<Outcome> run(Session& session) override { co_return co_await write(session); }

private:
    std::string name_;
};

class ProfileDelete final : public ProfileCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the profile");
    }

protected:
    Outcome look(const Invocation&, const Globals&, Program&) override {
        const Outcome there = find(name_);
        file_.profiles.erase(name_);
        if (file_.current == name_) file_.current.clear();
        return there;
    }
    Task<Outcome> run(Session& session) override { co_return co_await write(session); }

private:
    std::string name_;
};

// What a command would use, and where each value comes from.
class ProfileShow final : public ProfileCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "a profile, else the one in use", false);
    }

protected:
    Outcome look(const Invocation& invocation, const Globals& globals, Program& program) override {
        std::optional<std::string> named;
        if (!name_.empty()) named = name_;
        const auto layers = load_profiles(invocation, program, named);
        if (!layers) return std::unexpected(layers.error());
        for (const SettingsLayer& layer : layers->layers) {
            if (!layer.values.bootstrap.empty())
                values_["bootstrap"] = {layer.values.bootstrap, layer.origin};
            if (!layer.values.output.empty())
                values_["output"] = {layer.values.output, layer.origin};
            for (const auto& [key, value] : layer.values.settings)
                values_[key] = {value, layer.origin};
        }
        // Not from the layers: these commands are not governed by them.
        const bool stronger = globals.bootstrap_origin != "the default";
        if (stronger || !values_.contains("bootstrap")) {
            std::string text;
            for (const runtime::Address& address : globals.bootstrap)
                text += (text.empty() ? "" : ",") + address.to_string();
            values_["bootstrap"] = {text, globals.bootstrap_origin};
        }
        for (const auto& [key, value] : globals.settings)
            values_[key] = {value, "-X"};
        return {};
    }
    Task<Outcome> run(Session& session) override {
        Table table;
        table.columns = {{"name", "NAME"}, {"value", "VALUE"}, {"origin", "FROM"}};
        for (const auto& [key, value] : values_)
            table.add({key, value.first, value.second});
        co_return co_await session.print(table);
    }

private:
    std::string name_;
    std::map<std::string, std::pair<std::string, std::string>> values_;
};

class ProfileCurrent final : public ProfileCommand {
public:
    void declare(Arguments&) override {}

protected:
    Outcome look(const Invocation& invocation, const Globals&, Program& program) override {
        const auto layers = load_profiles(invocation, program, std::nullopt);
        if (!layers) return std::unexpected(layers.error());
        name_ = layers->profile;
        if (!name_.empty()) return {};
        return problem(exit_not_found, "no profile is in use", {},
                       "cauce profile use NAME  chooses one");
    }
    Task<Outcome> run(Session& session) override {
        const std::string line = name_ + "\n";
        co_return co_await session.write(as_bytes(line));
    }

private:
    std::string name_;
};

constexpr const char* kForm =
    "Profiles lie in ~/.config/cauce/profiles.yaml; a cauce.yaml in the working folder, or above "
    "it up to the folder that holds .git, chooses one (profile: NAME) and may set bootstrap, "
    "output and settings over it. The command line wins over CAUCE_* variables, these over the "
    "project, that over the profile.";

template <typename Command>
Verb verb(std::string name, std::string summary, std::vector<Example> examples) {
    return {.name = std::move(name),
            .summary = std::move(summary),
            .text = kForm,
            .examples = std::move(examples),
            .make = [] { return std::make_unique<Command>(); }};
}

}  // namespace

Verb profile_list_verb() {
    return verb<ProfileList>("profile list", "the profiles there are",
                             {{"cauce profile list -o name", "their names"}});
}
Verb profile_create_verb() {
    return verb<ProfileCreate>("profile create", "keeps -b and -X under a name",
                               {{"cauce profile create shop -b broker-1:9092 -X client.id=ana",
                                 "and uses it if it is the "
                                 "first"}});
}
Verb profile_use_verb() {
    return verb<ProfileUse>("profile use", "makes a profile the current one",
                            {{"cauce profile use shop", "for every command from now on"}});
}
Verb profile_show_verb() {
    return verb<ProfileShow>("profile show", "what a command would use, and where it comes from",
                             {{"cauce profile show", "here and now"}});
}
Verb profile_current_verb() {
    return verb<ProfileCurrent>("profile current", "the name of the profile in use",
                                {{"cauce profile current", "for prompts and scripts"}});
}
Verb profile_delete_verb() {
    return verb<ProfileDelete>("profile delete", "forgets a profile",
                               {{"cauce profile delete shop", "its settings are gone"}});
}

}  // namespace cauce::cli
