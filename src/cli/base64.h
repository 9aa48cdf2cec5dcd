// Base64 with padding (RFC 4648, section 4).
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <string_view>

namespace cauce::cli {

std::string to_base64(BytesView bytes);
// Empty when `text` is no base64; padding is required.
std::optional<Buffer> from_base64(std::string_view text);

}  // namespace cauce::cli
