// JSON scalars, as conditions on indexed values.
#ifndef JOINLY_SCALAR_HPP
#define JOINLY_SCALAR_HPP

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joinly {

/// A JSON null, boolean, number or string: made from `nullptr`, a `bool`, a number or a text.
class Scalar {
  public:
    Scalar(std::nullptr_t) : text_("null") {}
    Scalar(bool value) : text_(value ? "true" : "false") {}

    template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
    Scalar(Number value) {
        std::array<char, 64> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        text_.assign(digits.data(), end);
    }

    template <class Text, std::enable_if_t<std::is_convertible_v<const Text&, std::string_view>, int> = 0>
    Scalar(const Text& value) {
        quote(value);
    }

    /// A scalar that is JSON already, such as `"\"open\""`.
    static Scalar json(std::string text) {
        Scalar scalar(nullptr);
        scalar.text_ = std::move(text);
        return scalar;
    }

    /// As JSON.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    void quote(std::string_view value) {
        constexpr std::string_view hex = "0123456789abcdef";
        text_ += '"';
        for (const char c : value) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                text_ += '\\';
                text_ += c;
            } else if (byte < 0x20U) {
                text_ += "\\u00";
                text_ += hex[byte >> 4U];
                text_ += hex[byte & 0xFU];
            } else {
                text_ += c;
            }
        }
        text_ += '"';
    }

    std::string text_;
};

}  // namespace joinly

#endif
