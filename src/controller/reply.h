// Replies of the controller, under the name its callers know.
#pragma once

#include "controller/state/reply.h"

namespace cauce::controller {

using state::Reply;
using state::Texts;

}  // namespace cauce::controller
