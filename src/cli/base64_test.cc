#include "cli/base64.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

// RFC 4648, section 10.
TEST(Base64, Vectors) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [text, encoded] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(text)), encoded);
        const auto decoded = from_base64(encoded);
        ASSERT_TRUE(decoded) << encoded;
        EXPECT_EQ(as_text(*decoded), text);
    }
}

TEST(Base64, EveryByte) {
    Buffer all;
    for (int i = 0; i < 256; ++i)
        all.push_back(static_cast<std::uint8_t>(i));
    EXPECT_EQ(from_base64(to_base64(all)), all);
}

TEST(Base64, RefusesWhatItNeverWrites) {
    for (const char* text :
         {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Zm9v\n", "Zm-v"})
        EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace cauce::cli
