#include "base/result.h"

#include <cstring>

namespace cauce::inline base {

std::string IoError::to_string() const {
    std::string text = operation;
    if (!subject.empty()) text += " " + subject;
    return text + ": " + std::strerror(number);
}

}  // namespace cauce::inline base
