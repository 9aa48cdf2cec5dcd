// Errors as values. Two vocabularies, and one mapping between them (replica/io_error_mapping.h):
//   Result<T>    Kafka's ErrorCode with a text for people: from replica/ upward, and in pure state
//   machines; IoResult<T>  an errno and the operation that met it: below.
// Bugs are CHECKs, not errors. Exceptions are for start-up and configuration only.
#pragma once

#include "base/error_code.h"

#include <expected>
#include <string>
#include <utility>

namespace cauce::inline base {

// What the caller gets told. `message` is for people: what happened, why, and what to do about it.
struct Error {
    ErrorCode code = ErrorCode::unknown_server_error;
    std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message = {}) {
    return std::unexpected<Error>(Error{code, std::move(message)});
}

// An operating-system error: `number` is an errno value, `operation` names the call ("pwrite"),
// `subject` the file or address it concerned.
struct IoError {
    int number = 0;
    const char* operation = "";
    std::string subject;

    // "pwrite /data/t-0/0.log: No space left on device"
    std::string to_string() const;
};

template <typename T>
using IoResult = std::expected<T, IoError>;

inline std::unexpected<IoError> io_fail(int number, const char* operation,
                                        std::string subject = {}) {
    return std::unexpected<IoError>(IoError{number, operation, std::move(subject)});
}

}  // namespace cauce::inline base

#define CAUCE_CONCAT_INNER(a, b) a##b
#define CAUCE_CONCAT(a, b) CAUCE_CONCAT_INNER(a, b)

// ASSIGN_OR_RETURN(auto x, expression): x is the value, or the function returns the error.
#define ASSIGN_OR_RETURN_AS(ret, temporary, declaration, ...) \
    auto temporary = (__VA_ARGS__);                           \
    if (!temporary) [[unlikely]]                              \
        ret std::unexpected(std::move(temporary).error());    \
    declaration = std::move(*temporary)

#define ASSIGN_OR_RETURN(declaration, ...) \
    ASSIGN_OR_RETURN_AS(return, CAUCE_CONCAT(result_, __LINE__), declaration, __VA_ARGS__)
#define ASSIGN_OR_CO_RETURN(declaration, ...) \
    ASSIGN_OR_RETURN_AS(co_return, CAUCE_CONCAT(result_, __LINE__), declaration, __VA_ARGS__)

// The same for IoResult<void> and Result<void>.
#define RETURN_IF_ERROR_AS(ret, temporary, ...)                  \
    if (auto temporary = (__VA_ARGS__); !temporary) [[unlikely]] \
    ret std::unexpected(std::move(temporary).error())

#define RETURN_IF_ERROR(...) \
    RETURN_IF_ERROR_AS(return, CAUCE_CONCAT(result_, __LINE__), __VA_ARGS__)
#define CO_RETURN_IF_ERROR(...) \
    RETURN_IF_ERROR_AS(co_return, CAUCE_CONCAT(result_, __LINE__), __VA_ARGS__)
