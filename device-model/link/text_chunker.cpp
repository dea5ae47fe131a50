// SPDX-License-Identifier: MIT
#include "text_chunker.hpp"

#include "../common/bytes.hpp"

#include <algorithm>

namespace mpulab {

void TextChunker::take(mpulab_record& record, bool last) {
    std::fill(bytes_.begin() + used_, bytes_.end(), uint8_t{0});
    const bool line_over = used_ != 0 && bytes_[used_ - 1u] == '\n';
    record.kind = MPULAB_KIND_TEXT;
    record.count = used_;
    record.flags = line_over || last ? 0 : MPULAB_RECORD_MORE;
    record.a = load_le<uint64_t>(bytes_.data());
    record.b = load_le<uint64_t>(bytes_.data() + 8);
    record.c = load_le<uint64_t>(bytes_.data() + 16);
    used_ = 0;
}

bool TextChunker::restore(const uint8_t* bytes, uint8_t used) {
    if (used >= bytes_.size()) return false;
    std::copy_n(bytes, used, bytes_.begin());
    used_ = used;
    return true;
}

} // namespace mpulab
