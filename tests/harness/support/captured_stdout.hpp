// SPDX-License-Identifier: MIT
// What a function prints on stdout, for one test.
#pragma once

#include "harness/support/temp_dir.hpp"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace mpulab::test {

class CapturedStdout {
  public:
    CapturedStdout() {
        std::fflush(stdout);
        old_ = ::dup(STDOUT_FILENO);
        const int file = ::open((dir_ / "stdout").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ::dup2(file, STDOUT_FILENO);
        ::close(file);
    }
    ~CapturedStdout() {
        std::fflush(stdout);
        ::dup2(old_, STDOUT_FILENO);
        ::close(old_);
    }
    CapturedStdout(const CapturedStdout&) = delete;
    CapturedStdout& operator=(const CapturedStdout&) = delete;

    std::string text() const {
        std::fflush(stdout);
        return text_of(dir_ / "stdout");
    }

  private:
    TempDir dir_;
    int old_ = -1;
};

} // namespace mpulab::test
