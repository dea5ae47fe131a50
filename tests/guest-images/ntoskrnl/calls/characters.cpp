// SPDX-License-Identifier: MIT
// The C library's functions of the kernel, as Microsoft's C run-time has them: what is not terminated stays so.
#include "calls.hpp"

#include <stdarg.h>

namespace {

using Format = int (*)(char*, SIZE_T, const char*, va_list);
using WideFormat = int (*)(WCHAR*, SIZE_T, const WCHAR*, va_list);

int with_list(char* out, SIZE_T room, const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = EXPORT(_vsnprintf, Format)(out, room, pattern, arguments);
    va_end(arguments);
    return length;
}

int unbounded_with_list(char* out, const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = EXPORT(vsprintf, int (*)(char*, const char*, va_list))(out, pattern, arguments);
    va_end(arguments);
    return length;
}

int wide_with_list(WCHAR* out, SIZE_T room, const WCHAR* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    const int length = EXPORT(_vsnwprintf, WideFormat)(out, room, pattern, arguments);
    va_end(arguments);
    return length;
}

void print_with_list(bool prefixed, const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    using Print = ULONG (*)(ULONG, ULONG, const char*, va_list);
    using Prefixed = ULONG (*)(const char*, ULONG, ULONG, const char*, va_list);
    const ULONG status = prefixed ? EXPORT(vDbgPrintExWithPrefix, Prefixed)("before-", 101, 0, pattern, arguments)
                                  : EXPORT(vDbgPrintEx, Print)(101, 0, pattern, arguments);
    CHECK_EQUAL(status, STATUS_SUCCESS);
    va_end(arguments);
}

} // namespace

void narrow_characters() {
    using Compare = int (*)(const char*, const char*);
    using CompareSome = int (*)(const char*, const char*, SIZE_T);
    using Copy = char* (*)(char*, const char*);
    using CopySome = char* (*)(char*, const char*, SIZE_T);
    using Find = const char* (*)(const char*, int);
    CHECK_EQUAL(EXPORT(strlen, SIZE_T(*)(const char*))(""), 0);
    CHECK_EQUAL(EXPORT(strlen, SIZE_T(*)(const char*))("abc"), 3);
    CHECK_EQUAL(EXPORT(strnlen, SIZE_T(*)(const char*, SIZE_T))("abc", 2), 2);
    CHECK_EQUAL(EXPORT(strnlen, SIZE_T(*)(const char*, SIZE_T))("abc", 9), 3);
    CHECK(EXPORT(strcmp, Compare)("abc", "abd") < 0);
    CHECK(EXPORT(strcmp, Compare)("\xff", "a") > 0); // unsigned
    CHECK_EQUAL(EXPORT(strncmp, CompareSome)("abX", "abY", 2), 0);
    CHECK(EXPORT(strncmp, CompareSome)("abX", "abY", 3) < 0);
    CHECK_EQUAL(EXPORT(_stricmp, Compare)("MiDi", "mIdI"), 0);
    CHECK(EXPORT(_stricmp, Compare)("midi", "midj") < 0);
    CHECK_EQUAL(EXPORT(_strnicmp, CompareSome)("MIDx", "midy", 3), 0);
    CHECK(EXPORT(_strnicmp, CompareSome)("MIDx", "midy", 4) < 0);

    char out[16] = "0123456789";
    CHECK(EXPORT(strcpy, Copy)(out, "ab") == out && is(out, "ab"));
    CHECK(EXPORT(strcat, Copy)(out, "cd") == out && is(out, "abcd"));
    CHECK(EXPORT(strncat, CopySome)(out, "efgh", 2) == out && is(out, "abcdef"));
    RtlFillMemory(out, sizeof(out), 'x');
    EXPORT(strncpy, CopySome)(out, "ab", 4);
    CHECK(same(out, "ab\0\0x", 5)); // filled up with zeros
    EXPORT(strncpy, CopySome)(out, "wxyz", 3);
    CHECK(same(out, "wxy\0x", 5)); // and not terminated when it does not fit: this zero is the one from before

    const char* text = "abcabc";
    CHECK(EXPORT(strchr, Find)(text, 'b') == text + 1);
    CHECK(EXPORT(strchr, Find)(text, 0) == text + 6);
    CHECK(EXPORT(strchr, Find)(text, 'z') == nullptr);
    CHECK(EXPORT(strrchr, Find)(text, 'b') == text + 4);
    CHECK(EXPORT(strrchr, Find)(text, 'z') == nullptr);
    CHECK(EXPORT(strstr, const char* (*)(const char*, const char*))(text, "cab") == text + 2);
    CHECK(EXPORT(strstr, const char* (*)(const char*, const char*))(text, "") == text);
    CHECK(EXPORT(strstr, const char* (*)(const char*, const char*))(text, "abcd") == nullptr);

    using Classify = int (*)(int);
    CHECK(EXPORT(isdigit, Classify)('0') && EXPORT(isdigit, Classify)('9') && !EXPORT(isdigit, Classify)('a'));
    CHECK(EXPORT(isxdigit, Classify)('f') && EXPORT(isxdigit, Classify)('A') && !EXPORT(isxdigit, Classify)('g'));
    CHECK(EXPORT(isspace, Classify)(' ') && EXPORT(isspace, Classify)('\t') && !EXPORT(isspace, Classify)('x'));
    CHECK_EQUAL(EXPORT(tolower, Classify)('Q'), 'q');
    CHECK_EQUAL(EXPORT(tolower, Classify)('1'), '1');
    CHECK_EQUAL(EXPORT(toupper, Classify)('q'), 'Q');
    CHECK_EQUAL(EXPORT(toupper, Classify)('['), '[');
}

void wide_characters() {
    using Compare = int (*)(const WCHAR*, const WCHAR*);
    using CompareSome = int (*)(const WCHAR*, const WCHAR*, SIZE_T);
    using Copy = WCHAR* (*)(WCHAR*, const WCHAR*);
    using CopySome = WCHAR* (*)(WCHAR*, const WCHAR*, SIZE_T);
    using Find = const WCHAR* (*)(const WCHAR*, WCHAR);
    CHECK_EQUAL(EXPORT(wcsnlen, SIZE_T(*)(const WCHAR*, SIZE_T))(L"abc", 2), 2);
    CHECK_EQUAL(EXPORT(wcsnlen, SIZE_T(*)(const WCHAR*, SIZE_T))(L"abc", 9), 3);
    CHECK_EQUAL(EXPORT(wcscmp, Compare)(L"abc", L"abc"), 0);
    CHECK(EXPORT(wcsncmp, CompareSome)(L"abX", L"abY", 3) < 0);
    CHECK_EQUAL(EXPORT(wcsncmp, CompareSome)(L"abX", L"abY", 2), 0);
    CHECK_EQUAL(EXPORT(_wcsnicmp, CompareSome)(L"ABx", L"aby", 2), 0);
    CHECK(EXPORT(_wcsnicmp, CompareSome)(L"ABx", L"aby", 3) < 0);

    WCHAR out[16] = L"0123456789";
    CHECK(EXPORT(wcscpy, Copy)(out, L"ab") == out && is(out, L"ab"));
    CHECK(EXPORT(wcscat, Copy)(out, L"cd") == out && is(out, L"abcd"));
    CHECK(EXPORT(wcsncat, CopySome)(out, L"efgh", 2) == out && is(out, L"abcdef"));
    EXPORT(wcsncpy, CopySome)(out, L"z", 3);
    CHECK(out[0] == L'z' && out[1] == 0 && out[2] == 0 && out[3] == L'd');

    const WCHAR* text = L"abcabc";
    CHECK(EXPORT(wcschr, Find)(text, L'c') == text + 2 && EXPORT(wcschr, Find)(text, L'z') == nullptr);
    CHECK(EXPORT(wcsrchr, Find)(text, L'c') == text + 5 && EXPORT(wcsrchr, Find)(text, L'z') == nullptr);
    CHECK(EXPORT(wcsstr, const WCHAR* (*)(const WCHAR*, const WCHAR*))(text, L"bca") == text + 1);
    CHECK(EXPORT(wcsstr, const WCHAR* (*)(const WCHAR*, const WCHAR*))(text, L"bcb") == nullptr);
    CHECK_EQUAL(EXPORT(towlower, WCHAR(*)(WCHAR))(L'Q'), L'q');
    CHECK_EQUAL(EXPORT(towupper, WCHAR(*)(WCHAR))(L'q'), L'Q');
}

void formats() {
    char out[64];
    UNICODE_STRING counted;
    RtlInitUnicodeString(&counted, L"counted");
    using Print = int (*)(char*, const char*, ...);
    using Bounded = int (*)(char*, SIZE_T, const char*, ...);
    CHECK_EQUAL(EXPORT(sprintf, Print)(out, "%d %s %08X %c%%", -5, "text", 0xbeefu, '!'), 19);
    CHECK(is(out, "-5 text 0000BEEF !%"));
    EXPORT(sprintf, Print)(out, "%I64d|%-4d|%4d|%.2s|%wZ|%S", -1ll, 7, 7, "abc", &counted, L"wide");
    CHECK(is(out, "-1|7   |   7|ab|counted|wide"));
    RtlFillMemory(out, sizeof(out), 'x');
    CHECK_EQUAL(EXPORT(_snprintf, Bounded)(out, 4, "%s", "abcdef"), -1);
    CHECK(same(out, "abcdx", 5)); // cut, and not terminated
    CHECK_EQUAL(EXPORT(_snprintf, Bounded)(out, 3, "%s", "ABC"), 3);
    CHECK(same(out, "ABCd", 4)); // it fits without its zero
    CHECK_EQUAL(EXPORT(_snprintf, Bounded)(out, 4, "%s", "ABC"), 3);
    CHECK(is(out, "ABC"));
    CHECK_EQUAL(with_list(out, sizeof(out), "%u+%x", 12u, 0xau), 4);
    CHECK(is(out, "12+a"));
    CHECK_REFUSES(_vsnprintf, with_list(out, 2, "%u", 123u), -1);
    CHECK_EQUAL(unbounded_with_list(out, "<%s>", "list"), 6);
    CHECK(is(out, "<list>"));

    WCHAR wide[32];
    CHECK_EQUAL(EXPORT(swprintf, int (*)(WCHAR*, const WCHAR*, ...))(wide, L"%s=%d", L"key", 42), 6);
    CHECK(is(wide, L"key=42"));
    CHECK_EQUAL(EXPORT(_snwprintf, int (*)(WCHAR*, SIZE_T, const WCHAR*, ...))(wide, 3, L"%s", L"toolong"), -1);
    CHECK(wide[2] == L'o' && wide[3] == L'=');
    CHECK_EQUAL(EXPORT(_snwprintf, int (*)(WCHAR*, SIZE_T, const WCHAR*, ...))(wide, 32, L"%hs", "narrow"), 6);
    CHECK(is(wide, L"narrow"));
    CHECK_EQUAL(wide_with_list(wide, 32, L"%04x", 0x1fu), 4);
    CHECK(is(wide, L"001f"));
    CHECK_REFUSES(_vsnwprintf, wide_with_list(wide, 3, L"%04x", 0x1fu), -1);
}

void memory() {
    using Move = void (*)(void*, const void*, SIZE_T);
    char block[9] = "abcdefgh";
    EXPORT(RtlMoveMemory, Move)(block + 2, block, 5); // one over the other, both ways
    CHECK(is(block, "ababcdeh"));
    EXPORT(RtlMoveMemory, Move)(block, block + 2, 5);
    CHECK(is(block, "abcdedeh"));
    EXPORT(RtlCopyMemory, Move)(block, "12", 2);
    EXPORT(RtlCopyMemoryNonTemporal, Move)(block + 2, "34", 2);
    CHECK(is(block, "1234edeh"));
    EXPORT(RtlFillMemory, void (*)(void*, SIZE_T, UCHAR))(block + 1, 2, 'z');
    EXPORT(RtlZeroMemory, void (*)(void*, SIZE_T))(block + 3, 1);
    CHECK(is(block, "1zz"));
    CHECK_EQUAL(EXPORT(memcmp, int (*)(const void*, const void*, SIZE_T))("abc", "abd", 2), 0);
    CHECK(EXPORT(memcmp, int (*)(const void*, const void*, SIZE_T))("ab\x80", "ab\x7f", 3) > 0);
    const char* text = "a\0b";
    CHECK(EXPORT(memchr, const void* (*)(const void*, int, SIZE_T))(text, 'b', 3) == text + 2);
    CHECK(EXPORT(memchr, const void* (*)(const void*, int, SIZE_T))(text, 'b', 2) == nullptr);
}

void debug_text() {
    print_with_list(false, "calls: a list of %d and %s\n", 7, "words");
    print_with_list(true, "calls: a list of %d\n", 8);
    static char claim[] = "1 == 2", file[] = "sums.c", message[] = "it does not add up";
    EXPORT(RtlAssert, void (*)(PVOID, PVOID, ULONG, char*))(claim, file, 17, message); // says so, and goes on
}
