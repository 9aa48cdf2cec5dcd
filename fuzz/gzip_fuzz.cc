#include "codec_fuzz.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cauce::wire::fuzz_codec(cauce::wire::Codec::gzip, {data, size});
    return 0;
}
