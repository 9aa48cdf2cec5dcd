// The one place where an operating-system error becomes one of Kafka's (D17).
#pragma once

#include "base/result.h"

namespace cauce::replica {

// What a client is told when the storage below failed it. The text names the file and the cause.
Error to_error(const IoError& error);

}  // namespace cauce::replica
