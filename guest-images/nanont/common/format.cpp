// SPDX-License-Identifier: MIT
#include "format.hpp"

namespace nanont {
namespace {

enum class Size : uint8_t { Default, Short, Long, LongLong };

struct Conversion {
    bool left = false;
    bool plus = false;
    bool space = false;
    bool alternate = false;
    bool zero = false;
    bool wide_size = false;   // l or w before a character conversion
    bool narrow_size = false; // h before a character conversion
    bool has_precision = false;
    int width = 0;
    int precision = 0;
    Size size = Size::Default;
};

constexpr int kMaxField = 4096; // a wild width must not run for minutes

// NT's counted strings: byte lengths, then the buffer.
struct CountedString {
    uint16_t length;
    uint16_t maximum;
    const void* buffer;
};

class Writer {
  public:
    explicit Writer(const FormatSink& sink) : sink_(sink) {}

    void unit(char16_t value) {
        sink_.put(sink_.context, value);
        ++count_;
    }
    void fill(char16_t value, int times) {
        for (int i = 0; i < times; ++i) {
            unit(value);
        }
    }

    template <typename Unit> void text(const Conversion& how, const Unit* text, size_t length) {
        if (how.has_precision && length > static_cast<size_t>(how.precision)) {
            length = static_cast<size_t>(how.precision);
        }
        const int pad = how.width - static_cast<int>(length < kMaxField ? length : kMaxField);
        if (!how.left) {
            fill(how.zero ? u'0' : u' ', pad);
        }
        for (size_t i = 0; i < length; ++i) {
            unit(static_cast<char16_t>(text[i]));
        }
        if (how.left) {
            fill(u' ', pad);
        }
    }

    void number(const Conversion& how, uint64_t value, bool negative, bool is_signed, unsigned base, bool upper) {
        char digits[24];
        int length = 0;
        const bool is_zero = value == 0;
        while (value != 0) {
            const auto digit = static_cast<unsigned>(value % base);
            digits[length++] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[digit];
            value /= base;
        }
        const int wanted = how.has_precision ? how.precision : 1;
        const int zeros_by_precision = wanted > length ? wanted - length : 0;
        char prefix[3];
        int prefix_length = 0;
        if (negative) {
            prefix[prefix_length++] = '-';
        } else if (is_signed && how.plus) {
            prefix[prefix_length++] = '+';
        } else if (is_signed && how.space) {
            prefix[prefix_length++] = ' ';
        }
        if (how.alternate && base == 16 && !is_zero) {
            prefix[prefix_length++] = '0';
            prefix[prefix_length++] = upper ? 'X' : 'x';
        } else if (how.alternate && base == 8 && zeros_by_precision == 0) {
            prefix[prefix_length++] = '0';
        }
        const int pad = how.width - prefix_length - zeros_by_precision - length;
        const bool zero_pad = how.zero && !how.left && !how.has_precision;
        if (!how.left && !zero_pad) {
            fill(u' ', pad);
        }
        for (int i = 0; i < prefix_length; ++i) {
            unit(static_cast<char16_t>(prefix[i]));
        }
        if (zero_pad) {
            fill(u'0', pad);
        }
        fill(u'0', zeros_by_precision);
        while (length > 0) {
            unit(static_cast<char16_t>(digits[--length]));
        }
        if (how.left) {
            fill(u' ', pad);
        }
    }

    size_t count() const { return count_; }

  private:
    const FormatSink& sink_;
    size_t count_ = 0;
};

template <typename Unit> size_t bounded_length(const Unit* text, const Conversion& how) {
    const size_t limit = how.has_precision ? static_cast<size_t>(how.precision) : SIZE_MAX;
    size_t length = 0;
    while (length < limit && text[length] != 0) {
        ++length;
    }
    return length;
}

void put_string(Writer& writer, const Conversion& how, const void* text, bool wide) {
    if (text == nullptr) {
        writer.text(how, "(null)", 6);
    } else if (wide) {
        const auto* units = static_cast<const char16_t*>(text);
        writer.text(how, units, bounded_length(units, how));
    } else {
        const auto* bytes = static_cast<const unsigned char*>(text);
        writer.text(how, bytes, bounded_length(bytes, how));
    }
}

void put_counted(Writer& writer, const Conversion& how, const CountedString* text, bool wide) {
    if (text == nullptr || text->buffer == nullptr) {
        writer.text(how, "(null)", 6);
    } else if (wide) {
        writer.text(how, static_cast<const char16_t*>(text->buffer), text->length / sizeof(char16_t));
    } else {
        writer.text(how, static_cast<const unsigned char*>(text->buffer), text->length);
    }
}

int clamp_field(long value) {
    return value > kMaxField ? kMaxField : static_cast<int>(value);
}

template <typename Unit> int read_number(const Unit*& at) {
    long value = 0;
    for (; *at >= Unit('0') && *at <= Unit('9'); ++at) {
        value = value > kMaxField ? value : value * 10 + static_cast<long>(*at - Unit('0'));
    }
    return clamp_field(value);
}

// On Windows long has 32 bits, so "%lx" takes 32; the host's tests keep to that.
int64_t take_signed(Size size, va_list& arguments) {
    switch (size) {
    case Size::LongLong:
        return va_arg(arguments, int64_t);
    case Size::Short:
        return static_cast<int16_t>(va_arg(arguments, int));
    default:
        return va_arg(arguments, int32_t);
    }
}

uint64_t take_unsigned(Size size, va_list& arguments) {
    switch (size) {
    case Size::LongLong:
        return va_arg(arguments, uint64_t);
    case Size::Short:
        return static_cast<uint16_t>(va_arg(arguments, unsigned));
    default:
        return va_arg(arguments, uint32_t);
    }
}

template <typename Unit> void read_flags(const Unit*& at, Conversion& how) {
    for (;; ++at) {
        switch (static_cast<char16_t>(*at)) {
        case u'-':
            how.left = true;
            continue;
        case u'+':
            how.plus = true;
            continue;
        case u' ':
            how.space = true;
            continue;
        case u'#':
            how.alternate = true;
            continue;
        case u'0':
            how.zero = true;
            continue;
        default:
            return;
        }
    }
}

template <typename Unit> void read_size(const Unit*& at, Conversion& how) {
    for (;; ++at) {
        switch (static_cast<char16_t>(*at)) {
        case u'h':
            how.size = Size::Short;
            how.narrow_size = true;
            continue;
        case u'l':
            how.size = how.size == Size::Long ? Size::LongLong : Size::Long;
            how.wide_size = true;
            continue;
        case u'w':
            how.wide_size = true;
            continue;
        case u'z':
        case u't':
            how.size = Size::LongLong;
            continue;
        case u'I':
            if (at[1] == Unit('6') && at[2] == Unit('4')) {
                how.size = Size::LongLong;
                at += 2;
            } else if (at[1] == Unit('3') && at[2] == Unit('2')) {
                how.size = Size::Long;
                at += 2;
            } else {
                how.size = Size::LongLong; // size of a pointer
            }
            continue;
        default:
            return;
        }
    }
}

template <typename Unit> size_t format_any(const FormatSink& sink, const Unit* pattern, va_list original) {
    constexpr bool kWideFormat = sizeof(Unit) == 2;
    Writer writer(sink);
    va_list arguments;
    va_copy(arguments, original);
    for (const Unit* at = pattern; *at != 0; ++at) {
        if (*at != Unit('%')) {
            writer.unit(static_cast<char16_t>(*at));
            continue;
        }
        const Unit* start = at++;
        Conversion how;
        read_flags(at, how);
        if (*at == Unit('*')) {
            const int width = va_arg(arguments, int);
            how.left = how.left || width < 0;
            how.width = clamp_field(width < 0 ? -static_cast<long>(width) : width);
            ++at;
        } else {
            how.width = read_number(at);
        }
        if (*at == Unit('.')) {
            ++at;
            how.has_precision = true;
            if (*at == Unit('*')) {
                const int precision = va_arg(arguments, int);
                how.has_precision = precision >= 0;
                how.precision = clamp_field(precision);
                ++at;
            } else {
                how.precision = read_number(at);
            }
        }
        read_size(at, how);
        switch (static_cast<char16_t>(*at)) {
        case u'%':
            writer.unit(u'%');
            break;
        case u'd':
        case u'i': {
            const int64_t value = take_signed(how.size, arguments);
            const auto bits = static_cast<uint64_t>(value);
            writer.number(how, value < 0 ? 0 - bits : bits, value < 0, true, 10, false);
            break;
        }
        case u'u':
            writer.number(how, take_unsigned(how.size, arguments), false, false, 10, false);
            break;
        case u'o':
            writer.number(how, take_unsigned(how.size, arguments), false, false, 8, false);
            break;
        case u'x':
        case u'X':
            writer.number(how, take_unsigned(how.size, arguments), false, false, 16, *at == Unit('X'));
            break;
        case u'p': {
            how.has_precision = true;
            how.precision = 2 * static_cast<int>(sizeof(void*));
            writer.number(how, reinterpret_cast<uint64_t>(va_arg(arguments, void*)), false, false, 16, true);
            break;
        }
        case u'c':
        case u'C': {
            const auto value = static_cast<char16_t>(va_arg(arguments, int));
            how.has_precision = false;
            writer.text(how, &value, 1);
            break;
        }
        case u's':
        case u'S': {
            const bool swapped = *at == Unit('S');
            const bool wide = how.wide_size || (!how.narrow_size && kWideFormat != swapped);
            put_string(writer, how, va_arg(arguments, const void*), wide);
            break;
        }
        case u'Z':
            put_counted(writer, how, va_arg(arguments, const CountedString*), how.wide_size);
            break;
        default:
            // Not ours: shown as it stands, so that the author sees it.
            for (; start <= at && *start != 0; ++start) {
                writer.unit(static_cast<char16_t>(*start));
            }
            break;
        }
        if (*at == 0) {
            break;
        }
    }
    va_end(arguments);
    return writer.count();
}

} // namespace

size_t format(const FormatSink& sink, const char* pattern, va_list arguments) {
    return format_any(sink, reinterpret_cast<const unsigned char*>(pattern), arguments);
}

size_t format(const FormatSink& sink, const char16_t* pattern, va_list arguments) {
    return format_any(sink, pattern, arguments);
}

} // namespace nanont
