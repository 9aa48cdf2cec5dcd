// Every error code of the protocol in words: what it says, how it comes about, what to do.
#pragma once

#include "base/error_code.h"

#include <span>

namespace cauce::cli {

struct ErrorText {
    ErrorCode code;
    const char* what;
    const char* why;
    const char* next;
};

// By number; one for each code there is.
std::span<const ErrorText> error_texts();

}  // namespace cauce::cli
