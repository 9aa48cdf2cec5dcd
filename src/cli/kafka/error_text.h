// What Kafka's Java clients call an error for which the broker gave no text of its own.
#pragma once

#include "base/result.h"

#include <string>

namespace cauce::cli::kafka {

std::string error_text(const Error& error);
// The same behind the name of Java's exception, as some tools print it.
std::string exception_text(const Error& error);

}  // namespace cauce::cli::kafka
