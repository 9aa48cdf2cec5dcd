#include "sim/json_value.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::sim {
namespace {

TEST(JsonValue, EveryKindOfValueIsRead) {
    const auto value = JsonValue::parse(
        R"( {"n": -17, "s": "a\"b\\c\n", "t": true, "f":false, "z":null, "a":[1,[2],[]], "o":{}} )");
    ASSERT_TRUE(value) << value.error().message;
    const JsonValue::Object* object = value->object();
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(*object->at("n").number(), -17);
    EXPECT_EQ(*object->at("s").string(), "a\"b\\c\n");
    EXPECT_TRUE(*object->at("t").boolean());
    EXPECT_FALSE(*object->at("f").boolean());
    EXPECT_EQ(object->at("z").number(), nullptr);
    EXPECT_EQ(object->at("z").string(), nullptr);
    const JsonValue::Array* array = object->at("a").array();
    ASSERT_EQ(array->size(), 3u);
    EXPECT_EQ(*(*array)[0].number(), 1);
    EXPECT_EQ(*(*array)[1].array()->at(0).number(), 2);
    EXPECT_TRUE((*array)[2].array()->empty());
    EXPECT_TRUE(object->at("o").object()->empty());
}

TEST(JsonValue, WhatIsNoValueIsRefused) {
    for (const char* text :
         {"", " ", "{", "[", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "\"abc", "\"\\", "1.5",
          "1e3", "tru", "{} {}", "99999999999999999999", "\"\\u0041\"", "[[[[[[[[[[1]]]]]]]]]]"})
        EXPECT_FALSE(JsonValue::parse(text)) << text;
}

TEST(JsonValue, TextIsReadAsItWasWritten) {
    const std::string text = "quote \" backslash \\ line\nend tab\tend";
    const auto value = JsonValue::parse(json_text(text));
    ASSERT_TRUE(value);
    EXPECT_EQ(*value->string(), text);
}

}  // namespace
}  // namespace cauce::sim
