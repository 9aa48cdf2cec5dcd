// FileDescriptor: owner of one descriptor of the operating system. Moves, closes at its end.
#pragma once

#include <unistd.h>
#include <utility>

namespace cauce::runtime::os {

class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int number) : number_(number) {}
    FileDescriptor(FileDescriptor&& other) noexcept : number_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = other.release();
        }
        return *this;
    }
    ~FileDescriptor() { reset(); }

    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    int release() { return std::exchange(number_, -1); }
    void reset() {
        if (is_open()) ::close(release());
    }

private:
    int number_ = -1;
};

}  // namespace cauce::runtime::os
