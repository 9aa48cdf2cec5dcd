#include "base/error_code.h"

namespace cauce::inline base {

std::string_view error_name(ErrorCode code) {
    switch (code) {
#define CAUCE_ERROR_CASE(name, number, text, retriable) \
    case ErrorCode::name:                               \
        return text;
        CAUCE_ERROR_CODES(CAUCE_ERROR_CASE)
#undef CAUCE_ERROR_CASE
    }
    return "UNKNOWN_SERVER_ERROR";
}

bool is_retriable(ErrorCode code) {
    switch (code) {
#define CAUCE_ERROR_CASE(name, number, text, retriable) \
    case ErrorCode::name:                               \
        return retriable;
        CAUCE_ERROR_CODES(CAUCE_ERROR_CASE)
#undef CAUCE_ERROR_CASE
    }
    return false;
}

ErrorCode error_code_from_wire(std::int16_t code) {
    switch (static_cast<ErrorCode>(code)) {
#define CAUCE_ERROR_CASE(name, number, text, retriable) case ErrorCode::name:
        CAUCE_ERROR_CODES(CAUCE_ERROR_CASE)
#undef CAUCE_ERROR_CASE
        return static_cast<ErrorCode>(code);
    }
    return ErrorCode::unknown_server_error;
}

}  // namespace cauce::inline base
