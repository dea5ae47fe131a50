// SPDX-License-Identifier: MIT
// The printf family as kernel code uses it: DbgPrint, _snprintf, swprintf. One engine; char and UTF-16 formats.
//
// Flags - + space # 0, width and precision (also *), sizes h l ll w I I32 I64 z t, conversions d i u x X o p c C s S Z.
// As in Windows, %s means the format's own width and %S the other one, %wZ is a UNICODE_STRING, %Z an ANSI_STRING,
// %p is 16 upper-case hex digits, a null string prints as (null). Floating point is not formatted: kernel code has
// none to print; such a conversion is printed as it stands. %n is refused likewise.
#ifndef NANONT_COMMON_FORMAT_HPP
#define NANONT_COMMON_FORMAT_HPP

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

namespace nanont {

/// Takes one UTF-16 unit, or one byte of a char string, at a time.
struct FormatSink {
    void (*put)(void* context, char16_t unit);
    void* context;
};

/// Formats into the sink and returns the number of units put.
size_t format(const FormatSink& sink, const char* pattern, va_list arguments);
size_t format(const FormatSink& sink, const char16_t* pattern, va_list arguments);

/// A sink that keeps the first `room` units; `length` counts all of them.
template <typename Unit> struct BoundedText {
    Unit* out;
    size_t room;
    size_t length = 0;

    FormatSink sink() {
        return {[](void* self, char16_t unit) {
                    auto& text = *static_cast<BoundedText*>(self);
                    if (text.length < text.room) {
                        text.out[text.length] = static_cast<Unit>(unit);
                    }
                    ++text.length;
                },
                this};
    }
};

} // namespace nanont

#endif
