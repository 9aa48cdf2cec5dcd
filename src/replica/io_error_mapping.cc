#include "replica/io_error_mapping.h"

#include <cerrno>

namespace cauce::replica {

Error to_error(const IoError& error) {
    // An offset outside the log; readers asked for it.
    if (error.number == ERANGE) return {ErrorCode::offset_out_of_range, error.to_string()};
    // A batch that no segment can hold.
    if (error.number == EMSGSIZE) return {ErrorCode::record_list_too_large, error.to_string()};
    // A damaged batch in our own files: not the reader's fault, and not to be served.
    if (error.number == EBADMSG) return {ErrorCode::corrupt_message, error.to_string()};
    // Everything else is the device's business: a full disk (retriable, nothing was written) as
    // much as a dead one.
    return {ErrorCode::kafka_storage_error, error.to_string()};
}

}  // namespace cauce::replica
