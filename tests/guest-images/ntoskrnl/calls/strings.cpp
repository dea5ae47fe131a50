// SPDX-License-Identifier: MIT
// Rtl's strings, numbers, dates, versions and security descriptors.
#include "calls.hpp"

#include <initializer_list>

namespace {

UNICODE_STRING unicode(const WCHAR* text) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    return string;
}

ANSI_STRING ansi(const char* text) {
    ANSI_STRING string;
    EXPORT(RtlInitString, void (*)(ANSI_STRING*, const char*))(&string, text);
    return string;
}

bool is(const UNICODE_STRING& seen, const WCHAR* expected) {
    const UNICODE_STRING wanted = unicode(expected);
    return seen.Length == wanted.Length && same(seen.Buffer, wanted.Buffer, wanted.Length);
}

} // namespace

void counted_strings() {
    ANSI_STRING abc = ansi("abc"), upper = ansi("ABC"), longer = ansi("abcd"), none = ansi(nullptr);
    CHECK_EQUAL(abc.Length, 3);
    CHECK_EQUAL(abc.MaximumLength, 4);
    CHECK(none.Length == 0 && none.MaximumLength == 0 && none.Buffer == nullptr);
    using Copy = void (*)(ANSI_STRING*, const ANSI_STRING*);
    char room[4] = "xyz";
    ANSI_STRING out = {0, 2, room};
    EXPORT(RtlCopyString, Copy)(&out, &abc);
    CHECK(out.Length == 2 && same(room, "abz", 3)); // as much as there is room for
    EXPORT(RtlCopyString, Copy)(&out, nullptr);
    CHECK_EQUAL(out.Length, 0);
    using Compare = LONG (*)(const ANSI_STRING*, const ANSI_STRING*, BOOLEAN);
    using Equal = BOOLEAN (*)(const ANSI_STRING*, const ANSI_STRING*, BOOLEAN);
    CHECK_EQUAL(EXPORT(RtlCompareString, Compare)(&abc, &upper, TRUE), 0);
    CHECK(EXPORT(RtlCompareString, Compare)(&abc, &upper, FALSE) > 0);
    CHECK(EXPORT(RtlCompareString, Compare)(&abc, &longer, FALSE) < 0);
    CHECK(EXPORT(RtlEqualString, Equal)(&abc, &upper, TRUE));
    CHECK(!EXPORT(RtlEqualString, Equal)(&abc, &upper, FALSE));
    CHECK(!EXPORT(RtlEqualString, Equal)(&abc, &longer, TRUE));
    CHECK_EQUAL(EXPORT(RtlUpperChar, char (*)(char))('m'), 'M');

    using Prefix = BOOLEAN (*)(const UNICODE_STRING*, const UNICODE_STRING*, BOOLEAN);
    const UNICODE_STRING device = unicode(L"\\Device\\Midi"), start = unicode(L"\\dev"), nothing = unicode(L"");
    CHECK(EXPORT(RtlPrefixUnicodeString, Prefix)(&start, &device, TRUE));
    CHECK(!EXPORT(RtlPrefixUnicodeString, Prefix)(&start, &device, FALSE));
    CHECK(!EXPORT(RtlPrefixUnicodeString, Prefix)(&device, &start, TRUE));
    CHECK(EXPORT(RtlPrefixUnicodeString, Prefix)(&nothing, &device, FALSE));

    WCHAR buffer[6] = L"ab";
    UNICODE_STRING sum = {4, sizeof(buffer), buffer};
    const UNICODE_STRING two = unicode(L"cd"), three = unicode(L"xyz");
    using Append = NTSTATUS (*)(UNICODE_STRING*, const UNICODE_STRING*);
    CHECK_EQUAL(EXPORT(RtlAppendUnicodeStringToString, Append)(&sum, &two), STATUS_SUCCESS);
    CHECK(is(sum, L"abcd"));
    CHECK_EQUAL(EXPORT(RtlAppendUnicodeStringToString, Append)(&sum, &three), STATUS_BUFFER_TOO_SMALL);
    CHECK(is(sum, L"abcd"));
}

void ansi_and_unicode() {
    using Narrow = NTSTATUS (*)(ANSI_STRING*, const UNICODE_STRING*, BOOLEAN);
    const UNICODE_STRING text = unicode(L"MIDI");
    ANSI_STRING made = {};
    CHECK_EQUAL(EXPORT(RtlUnicodeStringToAnsiString, Narrow)(&made, &text, TRUE), STATUS_SUCCESS);
    CHECK(made.Length == 4 && made.Buffer && is(made.Buffer, "MIDI"));
    EXPORT(RtlFreeAnsiString, void (*)(ANSI_STRING*))(&made);
    CHECK(made.Buffer == nullptr && made.Length == 0);
    EXPORT(RtlFreeAnsiString, void (*)(ANSI_STRING*))(&made); // nothing to free is no fault
    char room[3];
    ANSI_STRING small = {0, sizeof(room), room};
    CHECK_EQUAL(EXPORT(RtlUnicodeStringToAnsiString, Narrow)(&small, &text, FALSE), STATUS_BUFFER_OVERFLOW);

    using Widen = NTSTATUS (*)(UNICODE_STRING*, const ANSI_STRING*, BOOLEAN);
    const ANSI_STRING narrow = ansi("MIDI");
    WCHAR wide[5] = L"xxxx";
    UNICODE_STRING exact = {0, sizeof(wide), wide}, short_by_one = {2, sizeof(wide) - 1, wide};
    CHECK_EQUAL(EXPORT(RtlAnsiStringToUnicodeString, Widen)(&short_by_one, &narrow, FALSE), STATUS_BUFFER_OVERFLOW);
    CHECK(short_by_one.Length == 2 && is(wide, L"xxxx")); // its zero would not fit, and nothing is touched
    CHECK_EQUAL(EXPORT(RtlAnsiStringToUnicodeString, Widen)(&exact, &narrow, FALSE), STATUS_SUCCESS);
    CHECK(is(exact, L"MIDI") && wide[4] == 0);
    ANSI_STRING endless = {0xfffe, 0xfffe, room}; // twice as much is no Unicode string, and is not read
    UNICODE_STRING none = {};
    CHECK_EQUAL(EXPORT(RtlAnsiStringToUnicodeString, Widen)(&none, &endless, TRUE), STATUS_INVALID_PARAMETER_2);
    CHECK(none.Buffer == nullptr);

    using Character = WCHAR (*)(WCHAR);
    CHECK_EQUAL(EXPORT(RtlUpcaseUnicodeChar, Character)(L'a'), L'A');
    CHECK_EQUAL(EXPORT(RtlUpcaseUnicodeChar, Character)(0xe4), 0xc4); // a with diaeresis
    CHECK_EQUAL(EXPORT(RtlUpcaseUnicodeChar, Character)(L'1'), L'1');
    CHECK_EQUAL(EXPORT(RtlDowncaseUnicodeChar, Character)(L'Z'), L'z');
    CHECK_EQUAL(EXPORT(RtlDowncaseUnicodeChar, Character)(0xc4), 0xe4);
    using Upcase = NTSTATUS (*)(UNICODE_STRING*, const UNICODE_STRING*, BOOLEAN);
    const UNICODE_STRING mixed = unicode(L"Mpu-401");
    UNICODE_STRING upper = {};
    CHECK_EQUAL(EXPORT(RtlUpcaseUnicodeString, Upcase)(&upper, &mixed, TRUE), STATUS_SUCCESS);
    CHECK(is(upper, L"MPU-401"));
    RtlFreeUnicodeString(&upper);
    WCHAR few[2];
    upper = {0, sizeof(few), few};
    CHECK_EQUAL(EXPORT(RtlUpcaseUnicodeString, Upcase)(&upper, &mixed, FALSE), STATUS_BUFFER_OVERFLOW);
}

void numbers_and_guids() {
    const auto number = [](const WCHAR* text, ULONG base, NTSTATUS& status) {
        const UNICODE_STRING string = unicode(text);
        ULONG value = 0xaaaaaaaa;
        status =
            EXPORT(RtlUnicodeStringToInteger, NTSTATUS(*)(const UNICODE_STRING*, ULONG, ULONG*))(&string, base, &value);
        return value;
    };
    NTSTATUS status;
    CHECK_EQUAL(number(L"330", 16, status), 0x330);
    CHECK_EQUAL(status, STATUS_SUCCESS);
    CHECK_EQUAL(number(L"0x1F", 0, status), 31);
    CHECK_EQUAL(number(L"0o17", 0, status), 15);
    CHECK_EQUAL(number(L"0b101", 0, status), 5);
    CHECK_EQUAL(number(L"  12 of them", 0, status), 12);
    CHECK_EQUAL(number(L"-5", 10, status), static_cast<ULONG>(-5));
    CHECK_EQUAL(number(L"1", 3, status), 0xaaaaaaaa);
    CHECK_REFUSES(RtlUnicodeStringToInteger, status, STATUS_INVALID_PARAMETER);
    const auto digits = EXPORT(RtlIntegerToUnicodeString, NTSTATUS(*)(ULONG, ULONG, UNICODE_STRING*));
    WCHAR room[3] = L"xx";
    UNICODE_STRING two = {0, 4, room};
    CHECK_EQUAL(digits(100, 10, &two), STATUS_BUFFER_OVERFLOW);
    CHECK(two.Length == 0 && is(room, L"xx"));
    CHECK_EQUAL(digits(0, 7, &two), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(digits(255, 16, &two), STATUS_SUCCESS);
    CHECK(two.Length == 4 && is(room, L"FF")); // it fits without its zero

    const GUID guid = {0x1b562e86, 0xb7aa, 0x4131, {0xba, 0xdc, 0xb6, 0xf3, 0xa0, 0x01, 0x40, 0x7e}};
    UNICODE_STRING text = {};
    CHECK_EQUAL(EXPORT(RtlStringFromGUID, NTSTATUS(*)(const GUID*, UNICODE_STRING*))(&guid, &text), STATUS_SUCCESS);
    const UNICODE_STRING expected = unicode(L"{1b562e86-b7aa-4131-badc-b6f3a001407e}");
    CHECK(RtlEqualUnicodeString(&text, &expected, TRUE));
    GUID back = {};
    CHECK_EQUAL(RtlGUIDFromString(&text, &back), STATUS_SUCCESS);
    CHECK(same(&back, &guid, sizeof(guid)));
    RtlFreeUnicodeString(&text);
    for (const WCHAR* wrong : {L"", L"{1b562e86-b7aa-4131-badc-b6f3a001407}", L"[1b562e86-b7aa-4131-badc-b6f3a001407e]",
                               L"{1b562e86+b7aa-4131-badc-b6f3a001407e}", L"{1b562g86-b7aa-4131-badc-b6f3a001407e}"}) {
        UNICODE_STRING string = unicode(wrong);
        CHECK_EQUAL(RtlGUIDFromString(&string, &back), STATUS_INVALID_PARAMETER);
    }
    CHECK(same(&back, &guid, sizeof(guid))); // and nothing was converted
    ULONG seed = 1, again = 1;
    const auto random = EXPORT(RtlRandomEx, ULONG(*)(ULONG*));
    const ULONG first = random(&seed);
    CHECK(first < MAXLONG && seed != again);
    CHECK(random(&seed) < MAXLONG);
}

void dates() {
    const auto fields_of = EXPORT(RtlTimeToTimeFields, void (*)(const LARGE_INTEGER*, TIME_FIELDS*));
    const auto time_of = EXPORT(RtlTimeFieldsToTime, BOOLEAN(*)(TIME_FIELDS*, LARGE_INTEGER*));
    LARGE_INTEGER time = {};
    TIME_FIELDS fields;
    fields_of(&time, &fields);
    CHECK(fields.Year == 1601 && fields.Month == 1 && fields.Day == 1 && fields.Weekday == 1 && fields.Hour == 0);
    fields = {2000, 2, 29, 23, 59, 58, 123, 0};
    CHECK(time_of(&fields, &time));
    TIME_FIELDS back;
    fields_of(&time, &back);
    CHECK(back.Year == 2000 && back.Month == 2 && back.Day == 29 && back.Hour == 23 && back.Minute == 59 &&
          back.Second == 58 && back.Milliseconds == 123 && back.Weekday == 2); // a Tuesday
    const TIME_FIELDS wrong[] = {{1999, 2, 29, 0, 0, 0, 0, 0}, {2000, 13, 1, 0, 0, 0, 0, 0},
                                 {2000, 0, 1, 0, 0, 0, 0, 0},  {1600, 1, 1, 0, 0, 0, 0, 0},
                                 {2000, 1, 1, 24, 0, 0, 0, 0}, {2000, 4, 31, 0, 0, 0, 0, 0},
                                 {2000, 1, 1, 0, 60, 0, 0, 0}, {2000, 1, 1, 0, 0, 0, 1000, 0}};
    for (TIME_FIELDS one : wrong)
        CHECK(!time_of(&one, &time));
    LARGE_INTEGER here, there;
    time.QuadPart = 125911584000000000;
    EXPORT(ExSystemTimeToLocalTime, void (*)(LARGE_INTEGER*, LARGE_INTEGER*))(&time, &here);
    EXPORT(ExLocalTimeToSystemTime, void (*)(LARGE_INTEGER*, LARGE_INTEGER*))(&here, &there);
    CHECK_EQUAL(there.QuadPart, time.QuadPart);
}

void versions() {
    const auto condition = EXPORT(VerSetConditionMask, ULONGLONG(*)(ULONGLONG, ULONG, UCHAR));
    const auto verify = EXPORT(RtlVerifyVersionInfo, NTSTATUS(*)(RTL_OSVERSIONINFOEXW*, ULONG, ULONGLONG));
    RTL_OSVERSIONINFOEXW wanted = {};
    wanted.dwOSVersionInfoSize = sizeof(wanted);
    wanted.dwMajorVersion = 6;
    const ULONGLONG at_least = condition(0, VER_MAJORVERSION, VER_GREATER_EQUAL);
    CHECK_EQUAL(verify(&wanted, VER_MAJORVERSION, at_least), STATUS_SUCCESS);
    CHECK_EQUAL(verify(&wanted, VER_MAJORVERSION, condition(0, VER_MAJORVERSION, VER_LESS)), STATUS_REVISION_MISMATCH);
    wanted.dwMajorVersion = 99;
    CHECK_EQUAL(verify(&wanted, VER_MAJORVERSION, at_least), STATUS_REVISION_MISMATCH);
    CHECK_EQUAL(verify(&wanted, 0, at_least), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(verify(&wanted, VER_MAJORVERSION, 0), STATUS_INVALID_PARAMETER);
    ULONG major = 0, minor = 99, build = 0;
    WCHAR csd[8] = L"x";
    UNICODE_STRING pack = {2, sizeof(csd), csd};
    CHECK(!EXPORT(PsGetVersion, BOOLEAN(*)(ULONG*, ULONG*, ULONG*, UNICODE_STRING*))(&major, &minor, &build,
                                                                                     &pack)); // free build
    RTL_OSVERSIONINFOW now = {};
    now.dwOSVersionInfoSize = sizeof(now);
    CHECK_EQUAL(RtlGetVersion(&now), STATUS_SUCCESS);
    RTL_OSVERSIONINFOW no_version = {};
    no_version.dwOSVersionInfoSize = 4;
    CHECK_EQUAL(RtlGetVersion(&no_version), STATUS_INVALID_PARAMETER);
    CHECK(major == now.dwMajorVersion && minor == now.dwMinorVersion && build == now.dwBuildNumber);
    const auto wdm = EXPORT(IoIsWdmVersionAvailable, BOOLEAN(*)(UCHAR, UCHAR));
    CHECK(wdm(1, 0) && wdm(1, 0x30) && !wdm(9, 0));
}

void security() {
    UCHAR sid[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18}; // S-1-5-18
    const auto valid = EXPORT(RtlValidSid, BOOLEAN(*)(PVOID));
    CHECK(valid(sid));
    sid[0] = 2;
    CHECK(!valid(sid));
    sid[0] = 1;
    sid[1] = 16; // at most 15 sub-authorities
    CHECK(!valid(sid));
    SECURITY_DESCRIPTOR descriptor;
    CHECK_EQUAL(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
    const auto group_of = EXPORT(RtlGetGroupSecurityDescriptor, NTSTATUS(*)(PVOID, PVOID*, BOOLEAN*));
    PVOID group = sid;
    BOOLEAN defaulted = TRUE;
    CHECK_EQUAL(group_of(&descriptor, &group, &defaulted), STATUS_SUCCESS);
    CHECK(group == nullptr && !defaulted);
    descriptor.Revision = 9;
    CHECK_EQUAL(group_of(&descriptor, &group, &defaulted), STATUS_UNKNOWN_REVISION);
    const auto owner_of = EXPORT(RtlGetOwnerSecurityDescriptor, NTSTATUS(*)(PVOID, PVOID*, BOOLEAN*));
    CHECK_EQUAL(owner_of(&descriptor, &group, &defaulted), STATUS_UNKNOWN_REVISION);
    using List = NTSTATUS (*)(PVOID, BOOLEAN*, ACL**, BOOLEAN*);
    BOOLEAN present = FALSE;
    ACL* list = nullptr;
    CHECK_EQUAL(EXPORT(RtlGetDaclSecurityDescriptor, List)(&descriptor, &present, &list, &defaulted),
                STATUS_UNKNOWN_REVISION);
    CHECK_EQUAL(EXPORT(RtlGetSaclSecurityDescriptor, List)(&descriptor, &present, &list, &defaulted),
                STATUS_UNKNOWN_REVISION);
    CHECK_EQUAL(RtlSetDaclSecurityDescriptor(&descriptor, FALSE, nullptr, FALSE), STATUS_UNKNOWN_REVISION);
    using Capture = NTSTATUS (*)(PSECURITY_DESCRIPTOR, KPROCESSOR_MODE, POOL_TYPE, BOOLEAN, PSECURITY_DESCRIPTOR*);
    PSECURITY_DESCRIPTOR captured = &descriptor;
    CHECK_EQUAL(EXPORT(SeCaptureSecurityDescriptor, Capture)(&descriptor, KernelMode, PagedPool, TRUE, &captured),
                STATUS_UNKNOWN_REVISION);
    CHECK(captured == nullptr);
}

void access_lists() {
    UCHAR system[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18}; // S-1-5-18
    alignas(4) UCHAR buffer[64];
    auto* list = reinterpret_cast<ACL*>(buffer);
    using Create = NTSTATUS (*)(ACL*, ULONG, ULONG);
    const auto allow = EXPORT(RtlAddAccessAllowedAce, NTSTATUS(*)(ACL*, ULONG, ACCESS_MASK, const void*));
    CHECK_EQUAL(EXPORT(RtlCreateAcl, Create)(list, sizeof(buffer), ACL_REVISION), STATUS_SUCCESS);
    CHECK_EQUAL(allow(list, ACL_REVISION + 1, GENERIC_READ, system), STATUS_REVISION_MISMATCH);
    CHECK_EQUAL(allow(list, ACL_REVISION, GENERIC_READ, system), STATUS_SUCCESS);
    CHECK_EQUAL(list->AceCount, 1);
    buffer[sizeof(ACL) + 2] = 200; // the entry's size: beyond the list
    CHECK_EQUAL(allow(list, ACL_REVISION, GENERIC_READ, system), STATUS_INVALID_ACL);
    CHECK_EQUAL(list->AceCount, 1);
}
