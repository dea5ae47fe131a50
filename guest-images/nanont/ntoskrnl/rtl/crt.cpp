// SPDX-License-Identifier: MIT
// The part of the C library that ntoskrnl.exe exports. Compiled with -fno-builtin: nothing here may turn into a call of
// itself.
#include <copy.hpp>
#include <format.hpp>
#include <stdarg.h>

#include "nt.hpp"

using namespace nanont;

namespace {

template <typename Char> size_t length_of(const Char* text, size_t limit = SIZE_MAX) {
    size_t length = 0;
    while (length < limit && text[length] != 0) {
        ++length;
    }
    return length;
}

template <typename Char> Char lower(Char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<Char>(c - 'A' + 'a') : c;
}

template <typename Char> Char same(Char c) {
    return c;
}

template <typename Char> int compare(const Char* a, const Char* b, size_t limit, Char (*fold)(Char)) {
    for (size_t i = 0; i < limit; ++i) {
        const Char x = fold(a[i]);
        const Char y = fold(b[i]);
        if (x != y) {
            return x < y ? -1 : 1;
        }
        if (x == 0) {
            break;
        }
    }
    return 0;
}

template <typename Char> const Char* find(const Char* text, Char wanted) {
    for (;; ++text) {
        if (*text == wanted) {
            return text;
        }
        if (*text == 0) {
            return nullptr;
        }
    }
}

template <typename Char> const Char* find_last(const Char* text, Char wanted) {
    const Char* found = nullptr;
    for (;; ++text) {
        if (*text == wanted) {
            found = text;
        }
        if (*text == 0) {
            return found;
        }
    }
}

template <typename Char> const Char* find_text(const Char* text, const Char* wanted) {
    const size_t length = length_of(wanted);
    for (;; ++text) {
        if (compare<Char>(text, wanted, length, same) == 0) {
            return text;
        }
        if (*text == 0) {
            return nullptr;
        }
    }
}

template <typename Char> void copy(Char* to, const Char* from, size_t limit, bool pad) {
    size_t i = 0;
    for (; i < limit && from[i] != 0; ++i) {
        to[i] = from[i];
    }
    for (; pad && i < limit; ++i) {
        to[i] = 0;
    }
}

// What _snprintf returns: the length; -1 when it did not fit. It ends the text with 0 only when there is room.
template <typename Char, typename Pattern>
int format_bounded(Char* out, size_t room, const Pattern* pattern, va_list arguments) {
    BoundedText<Char> text{out, room};
    const size_t length = format(text.sink(), pattern, arguments);
    if (length < room) {
        out[length] = 0;
    }
    return length <= room ? static_cast<int>(length) : -1;
}

const char16_t* units(const wchar_t* text) {
    static_assert(sizeof(wchar_t) == sizeof(char16_t));
    return reinterpret_cast<const char16_t*>(text);
}

} // namespace

extern "C" {

void* memset(void* to, int value, size_t size) {
    fill(static_cast<uint8_t*>(to), static_cast<uint8_t>(value), size);
    return to;
}

void* memcpy(void* __restrict to, const void* __restrict from, size_t size) {
    copy_up(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), size);
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    auto* target = static_cast<uint8_t*>(to);
    const auto* source = static_cast<const uint8_t*>(from);
    if (target <= source || target >= source + size) {
        copy_up(target, source, size);
    } else {
        copy_down(target, source, size);
    }
    return to;
}

int memcmp(const void* a, const void* b, size_t size) {
    const auto* x = static_cast<const unsigned char*>(a);
    const auto* y = static_cast<const unsigned char*>(b);
    for (size_t i = 0; i < size; ++i) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

void* export_memchr(const void* memory, int wanted, size_t size) __asm__("memchr");
void* export_memchr(const void* memory, int wanted, size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(memory);
    for (size_t i = 0; i < size; ++i) {
        if (bytes[i] == static_cast<unsigned char>(wanted)) {
            return const_cast<unsigned char*>(bytes + i);
        }
    }
    return nullptr;
}

size_t strlen(const char* text) {
    return length_of(text);
}
size_t strnlen(const char* text, size_t limit) {
    return length_of(text, limit);
}
int strcmp(const char* a, const char* b) {
    return compare(reinterpret_cast<const unsigned char*>(a), reinterpret_cast<const unsigned char*>(b), SIZE_MAX,
                   same);
}
int strncmp(const char* a, const char* b, size_t limit) {
    return compare(reinterpret_cast<const unsigned char*>(a), reinterpret_cast<const unsigned char*>(b), limit, same);
}
int _stricmp(const char* a, const char* b) {
    return compare(reinterpret_cast<const unsigned char*>(a), reinterpret_cast<const unsigned char*>(b), SIZE_MAX,
                   lower);
}
int _strnicmp(const char* a, const char* b, size_t limit) {
    return compare(reinterpret_cast<const unsigned char*>(a), reinterpret_cast<const unsigned char*>(b), limit, lower);
}
char* strcpy(char* __restrict to, const char* __restrict from) {
    copy(to, from, length_of(from) + 1, true);
    return to;
}
char* strncpy(char* __restrict to, const char* __restrict from, size_t limit) {
    copy(to, from, limit, true);
    return to;
}
char* strcat(char* __restrict to, const char* __restrict from) {
    strcpy(to + length_of(to), from);
    return to;
}
char* strncat(char* __restrict to, const char* __restrict from, size_t limit) {
    const size_t length = length_of(from, limit);
    char* end = to + length_of(to);
    copy(end, from, length, false);
    end[length] = 0;
    return to;
}
char* export_strchr(const char* text, int wanted) __asm__("strchr");
char* export_strchr(const char* text, int wanted) {
    return const_cast<char*>(find(text, static_cast<char>(wanted)));
}
char* export_strrchr(const char* text, int wanted) __asm__("strrchr");
char* export_strrchr(const char* text, int wanted) {
    return const_cast<char*>(find_last(text, static_cast<char>(wanted)));
}
char* export_strstr(const char* text, const char* wanted) __asm__("strstr");
char* export_strstr(const char* text, const char* wanted) {
    return const_cast<char*>(find_text(text, wanted));
}

size_t wcslen(const wchar_t* text) {
    return length_of(text);
}
size_t wcsnlen(const wchar_t* text, size_t limit) {
    return length_of(text, limit);
}
int wcscmp(const wchar_t* a, const wchar_t* b) {
    return compare<wchar_t>(a, b, SIZE_MAX, same);
}
int wcsncmp(const wchar_t* a, const wchar_t* b, size_t limit) {
    return compare<wchar_t>(a, b, limit, same);
}
int _wcsicmp(const wchar_t* a, const wchar_t* b) {
    return compare<wchar_t>(a, b, SIZE_MAX, lower);
}
int _wcsnicmp(const wchar_t* a, const wchar_t* b, size_t limit) {
    return compare<wchar_t>(a, b, limit, lower);
}
wchar_t* wcscpy(wchar_t* __restrict to, const wchar_t* __restrict from) {
    copy(to, from, length_of(from) + 1, true);
    return to;
}
wchar_t* wcsncpy(wchar_t* __restrict to, const wchar_t* __restrict from, size_t limit) {
    copy(to, from, limit, true);
    return to;
}
wchar_t* wcscat(wchar_t* __restrict to, const wchar_t* __restrict from) {
    wcscpy(to + length_of(to), from);
    return to;
}
wchar_t* wcsncat(wchar_t* __restrict to, const wchar_t* __restrict from, size_t limit) {
    const size_t length = length_of(from, limit);
    wchar_t* end = to + length_of(to);
    copy(end, from, length, false);
    end[length] = 0;
    return to;
}
wchar_t* export_wcschr(const wchar_t* text, wchar_t wanted) __asm__("wcschr");
wchar_t* export_wcschr(const wchar_t* text, wchar_t wanted) {
    return const_cast<wchar_t*>(find(text, wanted));
}
wchar_t* export_wcsrchr(const wchar_t* text, wchar_t wanted) __asm__("wcsrchr");
wchar_t* export_wcsrchr(const wchar_t* text, wchar_t wanted) {
    return const_cast<wchar_t*>(find_last(text, wanted));
}
wchar_t* export_wcsstr(const wchar_t* text, const wchar_t* wanted) __asm__("wcsstr");
wchar_t* export_wcsstr(const wchar_t* text, const wchar_t* wanted) {
    return const_cast<wchar_t*>(find_text(text, wanted));
}

int tolower(int c) {
    return lower(c);
}
int toupper(int c) {
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}
wint_t towlower(wint_t c) {
    return lower(c);
}
wint_t towupper(wint_t c) {
    return c >= L'a' && c <= L'z' ? static_cast<wint_t>(c - L'a' + L'A') : c;
}
int isdigit(int c) {
    return c >= '0' && c <= '9';
}
int isxdigit(int c) {
    return isdigit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
int isspace(int c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int export_vsnprintf(char* out, size_t room, const char* pattern, va_list arguments) __asm__("_vsnprintf");
int export_vsnprintf(char* out, size_t room, const char* pattern, va_list arguments) {
    return format_bounded(out, room, pattern, arguments);
}
int export_snprintf(char* out, size_t room, const char* pattern, ...) __asm__("_snprintf");
int export_snprintf(char* out, size_t room, const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = format_bounded(out, room, pattern, arguments);
    va_end(arguments);
    return length;
}
int export_vsprintf(char* out, const char* pattern, va_list arguments) __asm__("vsprintf");
int export_vsprintf(char* out, const char* pattern, va_list arguments) {
    return format_bounded(out, MAXLONG, pattern, arguments);
}
int export_sprintf(char* out, const char* pattern, ...) __asm__("sprintf");
int export_sprintf(char* out, const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = format_bounded(out, MAXLONG, pattern, arguments);
    va_end(arguments);
    return length;
}
int export_vsnwprintf(wchar_t* out, size_t room, const wchar_t* pattern, va_list arguments) __asm__("_vsnwprintf");
int export_vsnwprintf(wchar_t* out, size_t room, const wchar_t* pattern, va_list arguments) {
    return format_bounded(out, room, units(pattern), arguments);
}
int export_snwprintf(wchar_t* out, size_t room, const wchar_t* pattern, ...) __asm__("_snwprintf");
int export_snwprintf(wchar_t* out, size_t room, const wchar_t* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = format_bounded(out, room, units(pattern), arguments);
    va_end(arguments);
    return length;
}
int export_swprintf(wchar_t* out, const wchar_t* pattern, ...) __asm__("swprintf");
int export_swprintf(wchar_t* out, const wchar_t* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = format_bounded(out, MAXLONG, units(pattern), arguments);
    va_end(arguments);
    return length;
}

} // extern "C"

// Touches the stack page by page for frames of more than a page: rax = size, no register may change. The guard page
// below the stack catches what runs over.
asm(".text\n"
    ".globl __chkstk\n"
    ".globl ___chkstk_ms\n"
    "__chkstk:\n"
    "___chkstk_ms:\n"
    "    pushq %rcx\n"
    "    pushq %rax\n"
    "    leaq 24(%rsp), %rcx\n"
    "1:  cmpq $0x1000, %rax\n"
    "    jb 2f\n"
    "    subq $0x1000, %rcx\n"
    "    orq $0, (%rcx)\n"
    "    subq $0x1000, %rax\n"
    "    jmp 1b\n"
    "2:  subq %rax, %rcx\n"
    "    orq $0, (%rcx)\n"
    "    popq %rax\n"
    "    popq %rcx\n"
    "    ret\n");
