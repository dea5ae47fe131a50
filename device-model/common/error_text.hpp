// SPDX-License-Identifier: MIT
// The caller's buffer for "what is wrong, what was seen, what was expected". Formats into it and returns false, so that
// a check is one line: `if (bad) return error.say("…", value);`
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace mpulab {

class ErrorText {
  public:
    ErrorText(char* buffer, size_t size) : buffer_(buffer), size_(size) {
        if (buffer_ != nullptr && size_ != 0) buffer_[0] = '\0';
    }

    [[gnu::format(printf, 2, 3)]] bool say(const char* format, ...) {
        if (buffer_ != nullptr && size_ != 0) {
            va_list arguments;
            va_start(arguments, format);
            std::vsnprintf(buffer_, size_, format, arguments);
            va_end(arguments);
        }
        return false;
    }

    char* buffer() const { return buffer_; }
    size_t size() const { return size_; }

  private:
    char* buffer_;
    size_t size_;
};

} // namespace mpulab
