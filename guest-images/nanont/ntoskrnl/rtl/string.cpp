// SPDX-License-Identifier: MIT
// Counted strings.
#include "letter_case.hpp"

using namespace nanont;
using nanont::rtl::upper;

namespace {

LONG compare(const UNICODE_STRING& a, const UNICODE_STRING& b, bool fold, USHORT limit) {
    const USHORT a_length = a.Length < limit ? a.Length : limit;
    const USHORT b_length = b.Length < limit ? b.Length : limit;
    const USHORT common = (a_length < b_length ? a_length : b_length) / sizeof(WCHAR);
    for (USHORT i = 0; i < common; ++i) {
        const WCHAR x = fold ? upper(a.Buffer[i]) : a.Buffer[i];
        const WCHAR y = fold ? upper(b.Buffer[i]) : b.Buffer[i];
        if (x != y) {
            return x - y;
        }
    }
    return a_length - b_length;
}

LONG compare(const STRING& a, const STRING& b, bool fold) {
    const USHORT common = a.Length < b.Length ? a.Length : b.Length;
    for (USHORT i = 0; i < common; ++i) {
        const WCHAR x = static_cast<UCHAR>(a.Buffer[i]);
        const WCHAR y = static_cast<UCHAR>(b.Buffer[i]);
        if ((fold ? upper(x) : x) != (fold ? upper(y) : y)) {
            return (fold ? upper(x) : x) - (fold ? upper(y) : y);
        }
    }
    return a.Length - b.Length;
}

/// Makes room for `bytes` in a destination: allocated, or what is there.
NTSTATUS make_room(bool allocate, size_t bytes, PWSTR& buffer, USHORT& maximum) {
    if (bytes > 0xfffe) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (!allocate) {
        return bytes <= maximum ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
    }
    buffer = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, bytes, tag("Strg")));
    maximum = static_cast<USHORT>(bytes);
    return buffer != nullptr ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

bool hex_digit(WCHAR c, ULONG& value) {
    const WCHAR u = upper(c);
    value = u >= L'0' && u <= L'9' ? u - L'0' : u >= L'A' && u <= L'F' ? u - L'A' + 10u : 16u;
    return value < 16;
}

} // namespace

extern "C" {

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
    size_t bytes = SourceString != nullptr ? wcslen(SourceString) * sizeof(WCHAR) : 0;
    bytes = bytes < 0xfffc ? bytes : 0xfffc;
    DestinationString->Length = static_cast<USHORT>(bytes);
    DestinationString->MaximumLength = static_cast<USHORT>(SourceString != nullptr ? bytes + sizeof(WCHAR) : 0);
    DestinationString->Buffer = const_cast<PWSTR>(SourceString);
}

VOID NTAPI RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString) {
    size_t bytes = SourceString != nullptr ? strlen(SourceString) : 0;
    bytes = bytes < 0xfffe ? bytes : 0xfffe;
    DestinationString->Length = static_cast<USHORT>(bytes);
    DestinationString->MaximumLength = static_cast<USHORT>(SourceString != nullptr ? bytes + 1 : 0);
    DestinationString->Buffer = const_cast<PCHAR>(SourceString);
}

VOID NTAPI RtlInitString(PSTRING DestinationString, PCSZ SourceString) {
    RtlInitAnsiString(DestinationString, SourceString);
}

VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString) {
    if (SourceString == nullptr) {
        DestinationString->Length = 0;
        return;
    }
    const USHORT length = SourceString->Length < DestinationString->MaximumLength ? SourceString->Length
                                                                                  : DestinationString->MaximumLength;
    memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
    if (length + sizeof(WCHAR) <= DestinationString->MaximumLength) {
        DestinationString->Buffer[length / sizeof(WCHAR)] = 0;
    }
}

VOID NTAPI RtlCopyString(PSTRING DestinationString, const PSTRING SourceString) {
    if (SourceString == nullptr) {
        DestinationString->Length = 0;
        return;
    }
    const USHORT length = SourceString->Length < DestinationString->MaximumLength ? SourceString->Length
                                                                                  : DestinationString->MaximumLength;
    memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
}

LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
    return compare(*String1, *String2, CaseInSensitive, MAXUSHORT);
}

BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
    return String1->Length == String2->Length && compare(*String1, *String2, CaseInSensitive, MAXUSHORT) == 0;
}

BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
    return String1->Length <= String2->Length && compare(*String1, *String2, CaseInSensitive, String1->Length) == 0;
}

LONG NTAPI RtlCompareString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive) {
    return compare(*String1, *String2, CaseInSensitive);
}

BOOLEAN NTAPI RtlEqualString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive) {
    return String1->Length == String2->Length && compare(*String1, *String2, CaseInSensitive) == 0;
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source) {
    if (Source->Length > Destination->MaximumLength - Destination->Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove(Destination->Buffer + Destination->Length / sizeof(WCHAR), Source->Buffer, Source->Length);
    Destination->Length = static_cast<USHORT>(Destination->Length + Source->Length);
    if (Destination->Length + sizeof(WCHAR) <= Destination->MaximumLength) {
        Destination->Buffer[Destination->Length / sizeof(WCHAR)] = 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source) {
    UNICODE_STRING source;
    RtlInitUnicodeString(&source, Source);
    return RtlAppendUnicodeStringToString(Destination, &source);
}

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter) {
    return upper(SourceCharacter);
}

WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR SourceCharacter) {
    return rtl::lower(SourceCharacter);
}

CHAR NTAPI RtlUpperChar(CHAR Character) {
    return static_cast<CHAR>(toupper(static_cast<UCHAR>(Character)));
}

NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                                      BOOLEAN AllocateDestinationString) {
    const NTSTATUS status = make_room(AllocateDestinationString, SourceString->Length, DestinationString->Buffer,
                                      DestinationString->MaximumLength);
    if (!NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW) {
        return status;
    }
    for (USHORT i = 0; i < SourceString->Length / sizeof(WCHAR); ++i) {
        DestinationString->Buffer[i] = upper(SourceString->Buffer[i]);
    }
    DestinationString->Length = SourceString->Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
                                            BOOLEAN AllocateDestinationString) {
    const NTSTATUS status = make_room(AllocateDestinationString, (size_t{SourceString->Length} + 1) * sizeof(WCHAR),
                                      DestinationString->Buffer, DestinationString->MaximumLength);
    if (status != STATUS_SUCCESS) {
        return status;
    }
    for (USHORT i = 0; i < SourceString->Length; ++i) {
        DestinationString->Buffer[i] = static_cast<UCHAR>(SourceString->Buffer[i]);
    }
    DestinationString->Buffer[SourceString->Length] = 0;
    DestinationString->Length = static_cast<USHORT>(SourceString->Length * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
                                            BOOLEAN AllocateDestinationString) {
    const auto length = static_cast<USHORT>(SourceString->Length / sizeof(WCHAR));
    auto* buffer = reinterpret_cast<PWSTR>(DestinationString->Buffer);
    const NTSTATUS status =
        make_room(AllocateDestinationString, size_t{length} + 1, buffer, DestinationString->MaximumLength);
    if (status != STATUS_SUCCESS) {
        return status;
    }
    DestinationString->Buffer = reinterpret_cast<PCHAR>(buffer);
    for (USHORT i = 0; i < length; ++i) {
        const WCHAR c = SourceString->Buffer[i];
        DestinationString->Buffer[i] = static_cast<CHAR>(c < 0x100 ? c : L'?');
    }
    DestinationString->Buffer[length] = 0;
    DestinationString->Length = length;
    return STATUS_SUCCESS;
}

VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING UnicodeString) {
    if (UnicodeString->Buffer != nullptr) {
        ExFreePool(UnicodeString->Buffer);
        *UnicodeString = {};
    }
}

VOID NTAPI RtlFreeAnsiString(PANSI_STRING AnsiString) {
    if (AnsiString->Buffer != nullptr) {
        ExFreePool(AnsiString->Buffer);
        *AnsiString = {};
    }
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String) {
    Base = Base == 0 ? 10 : Base;
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    WCHAR digits[33];
    USHORT at = RTL_NUMBER_OF(digits);
    do {
        const ULONG digit = Value % Base;
        digits[--at] = static_cast<WCHAR>(digit < 10 ? L'0' + digit : L'A' + digit - 10);
        Value /= Base;
    } while (Value != 0);
    const auto length = static_cast<USHORT>((RTL_NUMBER_OF(digits) - at) * sizeof(WCHAR));
    if (length > String->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    memcpy(String->Buffer, digits + at, length);
    String->Length = length;
    if (length + sizeof(WCHAR) <= String->MaximumLength) {
        String->Buffer[length / sizeof(WCHAR)] = 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value) {
    const USHORT length = String->Length / sizeof(WCHAR);
    USHORT at = 0;
    while (at < length && String->Buffer[at] <= L' ') {
        ++at;
    }
    const bool negative = at < length && String->Buffer[at] == L'-';
    at += at < length && (negative || String->Buffer[at] == L'+') ? 1 : 0;
    if (Base == 0) {
        Base = 10;
        if (at + 1 < length && String->Buffer[at] == L'0') {
            const WCHAR mark = upper(String->Buffer[at + 1]);
            Base = mark == L'X' ? 16 : mark == L'O' ? 8 : mark == L'B' ? 2 : 10;
            at += Base != 10 ? 2 : 0;
        }
    }
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    ULONG result = 0;
    ULONG digit = 0;
    for (; at < length && hex_digit(String->Buffer[at], digit) && digit < Base; ++at) {
        result = result * Base + digit;
    }
    *Value = negative ? 0 - result : result;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString) {
    constexpr USHORT kLength = 38;
    GuidString->Buffer =
        static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, (kLength + 1) * sizeof(WCHAR), tag("Strg")));
    if (GuidString->Buffer == nullptr) {
        return STATUS_NO_MEMORY;
    }
    _snwprintf(GuidString->Buffer, kLength + 1, L"{%08lX-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", Guid.Data1,
               Guid.Data2, Guid.Data3, Guid.Data4[0], Guid.Data4[1], Guid.Data4[2], Guid.Data4[3], Guid.Data4[4],
               Guid.Data4[5], Guid.Data4[6], Guid.Data4[7]);
    GuidString->Length = kLength * sizeof(WCHAR);
    GuidString->MaximumLength = (kLength + 1) * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGUIDFromString(PUNICODE_STRING GuidString, GUID* Guid) {
    static constexpr char kShape[] = "{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}";
    constexpr USHORT kLength = sizeof(kShape) - 1;
    if (GuidString->Length < kLength * sizeof(WCHAR)) {
        return STATUS_INVALID_PARAMETER;
    }
    UCHAR bytes[16];
    int count = 0;
    for (USHORT i = 0; i < kLength; ++i) {
        ULONG digit = 0;
        if (kShape[i] != 'X') {
            if (GuidString->Buffer[i] != static_cast<WCHAR>(kShape[i])) {
                return STATUS_INVALID_PARAMETER;
            }
        } else if (!hex_digit(GuidString->Buffer[i], digit)) {
            return STATUS_INVALID_PARAMETER;
        } else {
            bytes[count / 2] = static_cast<UCHAR>(count % 2 == 0 ? digit << 4 : bytes[count / 2] | digit);
            ++count;
        }
    }
    Guid->Data1 = static_cast<ULONG>(bytes[0]) << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    Guid->Data2 = static_cast<USHORT>(bytes[4] << 8 | bytes[5]);
    Guid->Data3 = static_cast<USHORT>(bytes[6] << 8 | bytes[7]);
    memcpy(Guid->Data4, bytes + 8, 8);
    return STATUS_SUCCESS;
}

} // extern "C"
