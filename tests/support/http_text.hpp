#pragma once
// Heads of messages made from the text that a test writes.

#include "http/error.hpp"
#include "http/h1_parser.hpp"

#include <string>

namespace lintel::test {

/// What is wrong, or nothing.
template <class T>
error_code error_of(const result<T>& outcome)
{
    return outcome ? error_code() : outcome.error();
}

/// Scans and parses `bytes` as a connection does; keeps them, because the head has views into them.
template <class Head, auto Parse>
struct head_text {
    explicit head_text(std::string text, const http::head_limits& limits = {}) : bytes(std::move(text))
    {
        http::head_scanner scanner;
        auto length = scanner.scan(bytes, limits);
        failure = error_of(length);
        if (failure) return;
        if (*length == 0) {
            failure = http::errc::cut_short;
            return;
        }
        failure = error_of(Parse(std::string_view(bytes).substr(0, *length), limits, head));
    }
    head_text(const head_text&) = delete;

    std::string bytes;
    Head head;
    error_code failure;
};

using request_text = head_text<http::request_head, http::parse_request_head>;
using response_text = head_text<http::response_head, http::parse_response_head>;

}  // namespace lintel::test
