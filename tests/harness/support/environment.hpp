// SPDX-License-Identifier: MIT
// An environment variable, set for one test.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace mpulab::test {

class ScopedVariable {
  public:
    /// nullptr: unset.
    ScopedVariable(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        put(value);
    }
    ~ScopedVariable() { put(old_ ? old_->c_str() : nullptr); }
    ScopedVariable(const ScopedVariable&) = delete;
    ScopedVariable& operator=(const ScopedVariable&) = delete;

  private:
    void put(const char* value) const {
        if (value != nullptr) {
            ::setenv(name_.c_str(), value, 1);
        } else {
            ::unsetenv(name_.c_str());
        }
    }

    std::string name_;
    std::optional<std::string> old_;
};

} // namespace mpulab::test
