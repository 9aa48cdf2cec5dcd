// The commands that take a change of a group back, as text to paste.
#pragma once

#include "cli/position_list.h"
#include "cli/session.h"

#include <string>

namespace cauce::cli {

// "cauce group seek billing --position orders:0=42 -y"; names the cluster when it is not the one
// that is there by default.
std::string seek_command(const Session& session, const std::string& group,
                         const Positions& positions);
// "cauce group delete billing -y"
std::string delete_command(const Session& session, const std::string& group);

}  // namespace cauce::cli
