// SPDX-License-Identifier: MIT
// The registry (the configuration manager of NT): a tree of keys in memory, filled at boot, gone with the machine.
//
//   tree.cpp    keys and values as such          path.cpp   names, symbolic links
//   key.cpp     Zw*Key                           value.cpp  Zw*ValueKey
//   query.cpp   ZwQueryKey, ZwEnumerateKey       load.cpp   what is in it at boot: the frame, and registry.reg
//   rtl.cpp, rtl_query.cpp  the Rtl functions above them
//
// One mutex guards all of it; everything here wants PASSIVE_LEVEL.
#ifndef NANONT_CM_CM_HPP
#define NANONT_CM_CM_HPP

#include <bytes.hpp>

#include "ke/ke.hpp"
#include "nt.hpp"

namespace nanont::cm {

// As Windows documents them ("Registry element size limits"); the sum is ours.
inline constexpr size_t kMaxKeyName = 255;       // characters
inline constexpr size_t kMaxValueName = 16383;   // characters
inline constexpr size_t kMaxValueSize = 1 << 20; // bytes
inline constexpr size_t kMaxDepth = 512;         // keys, one in the other
inline constexpr size_t kMaxTotal = 4 << 20;     // bytes of all keys and values
inline constexpr int kMaxLinks = 8;              // symbolic links followed for one name

struct Value {
    LIST_ENTRY link;
    UNICODE_STRING name; // behind it in the same block
    ULONG type;
    ULONG size;
    UCHAR* data; // a block of its own; nullptr = no bytes
};

struct Key {
    LIST_ENTRY link; // in the parent's `children`, sorted by name as Windows enumerates them
    LIST_ENTRY children;
    LIST_ENTRY values; // in the order they came
    Key* parent;
    UNICODE_STRING name; // behind it in the same block
    UNICODE_STRING key_class;
    LONG holders; // open handles, and the tree itself while it is in it
    ULONG depth;
    LONGLONG last_write;
    bool is_volatile;
    bool is_link; // its value SymbolicLinkValue says where to
    bool is_deleted;
};

/// Body of a Key object: what a handle leads to.
struct OpenKey {
    Key* key;
};

extern ke::Mutex g_mutex;

// tree.cpp: with the mutex held

Key* root();
Key* find_child(const Key& parent, const UNICODE_STRING& name);
/// STATUS_CHILD_MUST_BE_VOLATILE, STATUS_REGISTRY_QUOTA_LIMIT, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS make_child(Key& parent, const UNICODE_STRING& name, bool is_volatile, const UNICODE_STRING* key_class,
                    Key*& child);
/// Takes it out of the tree; it is gone when its last handle is. STATUS_CANNOT_DELETE: it has keys in it.
NTSTATUS delete_key(Key& key);
/// A key with all that is in it.
void delete_tree(Key& key);
void hold(Key& key);
void let_go(Key& key); // without the mutex, too
Value* find_value(const Key& key, const UNICODE_STRING& name);
NTSTATUS set_value(Key& key, const UNICODE_STRING& name, ULONG type, const void* data, size_t size);
void delete_value(Key& key, Value& value);
/// The n-th, or nullptr.
Key* child_at(const Key& key, ULONG index);
Value* value_at(const Key& key, ULONG index);

// path.cpp: with the mutex held

/// What follows `name` leads to from `from`. A symbolic link at its end is followed too unless `open_link`.
/// `last`: instead of failing where only the last part is missing, gives its parent in `key` and the part in `last`.
/// STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_NAME_INVALID, STATUS_INVALID_PARAMETER.
NTSTATUS walk(Key* from, const UNICODE_STRING& name, bool open_link, Key*& key, UNICODE_STRING* last);
/// From the root: \Registry\Machine\...
NTSTATUS walk_path(const UNICODE_STRING& path, bool open_link, Key*& key, UNICODE_STRING* last);
/// The key's own full name, zero-terminated, in pool; nullptr = no memory.
PWSTR full_name(const Key& key, USHORT& bytes);

// key.cpp

/// The key behind a handle, held; let_go() it. STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH,
/// STATUS_ACCESS_DENIED (the handle was not opened for `access`), STATUS_KEY_DELETED.
NTSTATUS reference(HANDLE handle, ACCESS_MASK access, Key*& key);
/// When the last reference to the object is gone. <= DISPATCH_LEVEL.
void close(OpenKey& open);
/// A new handle to a key that is held by the caller or guarded by the mutex.
NTSTATUS open_handle(Key& key, ACCESS_MASK access, HANDLE& handle);

// load.cpp

/// The frame every Windows has. Before any driver.
void init();
/// What the package's INF would have written. False: the text is wrong, and has been reported.
bool load(ConstBytes text);

/// For the kernel itself: makes every missing part of a path. nullptr: no memory.
Key* make_path(const WCHAR* path);
/// A handle to \Registry\..., every missing part made when `create` says so.
NTSTATUS open_path(const WCHAR* path, ACCESS_MASK access, bool create, HANDLE& handle);
/// Sets a value that is not there yet: what registry.reg says wins.
void set_default(Key& key, const WCHAR* name, ULONG type, const void* data, size_t size);
void set_default_text(Key& key, const WCHAR* name, const WCHAR* text);

// query.cpp

/// Fills a structure whose fixed part is `fixed` bytes and whose text goes on behind it, as every query does: how much
/// was needed goes to `result`; STATUS_BUFFER_TOO_SMALL when not even the fixed part fits (nothing is written),
/// STATUS_BUFFER_OVERFLOW when it is cut.
struct Piece {
    const void* bytes;
    size_t size;
    size_t offset; // in the structure
};
NTSTATUS give(void* out, ULONG room, PULONG result, size_t fixed, const Piece* pieces, size_t count);

class Guard : ke::MutexGuard {
  public:
    Guard() : ke::MutexGuard(g_mutex) {}
};

inline UNICODE_STRING text_of(const WCHAR* text) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    return string;
}

} // namespace nanont::cm

#endif
