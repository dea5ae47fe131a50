// SPDX-License-Identifier: MIT
// What the registry holds at boot: the frame that every Windows has, and what the package's INF would have written,
// which comes as registry.reg in the archive.
#include <registry_text.hpp>

#include "cm.hpp"
#include "dbg/report.hpp"

namespace nanont::cm {
namespace {

constexpr ULONG kTag = tag("CMld");
constexpr ULONG kHiveDepth = 3; // \Registry is 0, \Registry\Machine\SYSTEM 2

const WCHAR* const kFrame[] = {
    L"\\Registry\\Machine\\HARDWARE\\DEVICEMAP",
    L"\\Registry\\Machine\\HARDWARE\\DESCRIPTION",
    L"\\Registry\\Machine\\HARDWARE\\RESOURCEMAP",
    L"\\Registry\\Machine\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion",
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Control\\Class",
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Control\\DeviceClasses",
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Control\\MediaCategories",
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Enum",
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Services",
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Hardware Profiles\\0001",
    L"\\Registry\\User\\.DEFAULT\\Software",
};

/// What the system's own ks.inf registers of names: KSAUDFNAME_MIDI, which MIDI pins have (reference portcls-midi.md
/// §4.2).
const WCHAR kMidiName[] =
    L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Control\\MediaCategories\\{185FEDF8-9905-11D1-95A9-00C04FB925D3}";

struct Link {
    const WCHAR* path;
    const WCHAR* target;
};
const Link kLinks[] = {
    {L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet", L"\\Registry\\Machine\\SYSTEM\\ControlSet001"},
    {L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Hardware Profiles\\Current",
     L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Hardware Profiles\\0001"},
};

void make_link(const Link& link) {
    Key* key = make_path(link.path);
    if (key != nullptr) {
        key->is_link = true;
        set_value(*key, text_of(L"SymbolicLinkValue"), REG_LINK, link.target, wcslen(link.target) * sizeof(WCHAR));
    }
}

/// The editor's names of the hives, and the kernel's.
bool native_path(const RegistryItem& item, WCHAR* out, size_t room) {
    static const Link kHives[] = {{L"HKEY_LOCAL_MACHINE", L"\\Registry\\Machine"},
                                  {L"HKLM", L"\\Registry\\Machine"},
                                  {L"HKEY_USERS", L"\\Registry\\User"},
                                  {L"HKEY_CURRENT_USER", L"\\Registry\\User\\.DEFAULT"}};
    const auto* name = reinterpret_cast<const WCHAR*>(item.name);
    size_t hive = 0;
    while (hive < item.name_length && name[hive] != L'\\') {
        ++hive;
    }
    for (const Link& known : kHives) {
        const size_t length = wcslen(known.target);
        if (wcslen(known.path) == hive && _wcsnicmp(known.path, name, hive) == 0 &&
            length + item.name_length - hive < room) {
            RtlCopyMemory(out, known.target, length * sizeof(WCHAR));
            RtlCopyMemory(out + length, name + hive, (item.name_length - hive) * sizeof(WCHAR));
            out[length + item.name_length - hive] = 0;
            return true;
        }
    }
    return false;
}

/// What walking and loading share while it goes on.
struct Loader {
    RegistryText::Room room;
    WCHAR path[RegistryText::kMaxPath + 32];
    Key* key;
};

/// Nullptr: done; else what was expected instead.
const char* apply(Loader& loader, const RegistryItem& item) {
    const auto bytes = static_cast<USHORT>(item.name_length * sizeof(WCHAR));
    const UNICODE_STRING name{bytes, bytes, reinterpret_cast<PWSTR>(const_cast<char16_t*>(item.name))};
    switch (item.kind) {
    case RegistryItem::Kind::Key:
        if (!native_path(item, loader.path, RTL_NUMBER_OF(loader.path))) {
            return "a path that begins with HKEY_LOCAL_MACHINE, HKEY_USERS or HKEY_CURRENT_USER";
        }
        loader.key = make_path(loader.path);
        return loader.key != nullptr ? nullptr : "keys of 255 characters, and 4 MB of them at most";
    case RegistryItem::Kind::DeleteKey: {
        Key* key = nullptr;
        if (!native_path(item, loader.path, RTL_NUMBER_OF(loader.path))) {
            return "a path that begins with HKEY_LOCAL_MACHINE, HKEY_USERS or HKEY_CURRENT_USER";
        }
        if (NT_SUCCESS(walk_path(text_of(loader.path), true, key, nullptr))) {
            if (key->depth < kHiveDepth) {
                return "a key below HKEY_LOCAL_MACHINE\\SYSTEM and the like to delete";
            }
            delete_tree(*key);
        }
        return nullptr;
    }
    case RegistryItem::Kind::DeleteValue:
        if (Value* value = find_value(*loader.key, name)) {
            delete_value(*loader.key, *value);
        }
        return nullptr;
    default:
        return NT_SUCCESS(set_value(*loader.key, name, item.type, item.data, item.size)) ? nullptr
                                                                                         : "4 MB of values at most";
    }
}

} // namespace

Key* make_path(const WCHAR* path) {
    WCHAR part[kMaxKeyName + 1];
    Key* key = root();
    const WCHAR* at = path + wcslen(L"\\Registry");
    while (*at != 0) {
        ++at;
        size_t length = 0;
        while (at[length] != 0 && at[length] != L'\\') {
            ++length;
        }
        if (length > kMaxKeyName) {
            return nullptr;
        }
        if (length != 0) {
            RtlCopyMemory(part, at, length * sizeof(WCHAR));
            part[length] = 0;
            UNICODE_STRING last{};
            Key* found = nullptr;
            const NTSTATUS status = walk(key, text_of(part), false, found, &last);
            if (!NT_SUCCESS(status) &&
                (found == nullptr || !NT_SUCCESS(make_child(*found, last, found->is_volatile, nullptr, found)))) {
                return nullptr;
            }
            key = found;
        }
        at += length;
    }
    return key;
}

NTSTATUS open_path(const WCHAR* path, ACCESS_MASK access, bool create, HANDLE& handle) {
    Guard guard;
    Key* key = nullptr;
    NTSTATUS status = walk_path(text_of(path), false, key, nullptr);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND && create) {
        key = make_path(path);
        status = key != nullptr ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    return NT_SUCCESS(status) ? open_handle(*key, access, handle) : status;
}

void set_default(Key& key, const WCHAR* name, ULONG type, const void* data, size_t size) {
    if (find_value(key, text_of(name)) == nullptr) {
        set_value(key, text_of(name), type, data, size);
    }
}

void set_default_text(Key& key, const WCHAR* name, const WCHAR* text) {
    set_default(key, name, REG_SZ, text, (wcslen(text) + 1) * sizeof(WCHAR));
}

void init() {
    Guard guard;
    for (const WCHAR* path : kFrame) {
        make_path(path);
    }
    for (const Link& link : kLinks) {
        make_link(link);
    }
    if (Key* name = make_path(kMidiName)) {
        set_default_text(*name, L"Name", L"MIDI");
    }
}

bool load(ConstBytes text) {
    auto* loader = static_cast<Loader*>(ExAllocatePoolWithTag(PagedPool, sizeof(Loader), kTag));
    if (loader == nullptr) {
        dbg::say("no memory to read registry.reg");
        return false;
    }
    loader->key = nullptr;
    RegistryText walk(text, loader->room);
    RegistryItem item;
    Defect defect;
    {
        Guard guard;
        while (walk.next(item, defect)) {
            if (const char* expected = apply(*loader, item)) {
                defect = {"registry.reg line", item.line, expected};
                break;
            }
        }
    }
    ExFreePoolWithTag(loader, kTag);
    if (defect.field != nullptr) {
        dbg::say("%s %I64u: expected %s", defect.field, static_cast<ULONGLONG>(defect.value), defect.expected);
        return false;
    }
    return true;
}

} // namespace nanont::cm
