#pragma once
// The three kinds of failure: the world misbehaved (`result`), an operator erred (`problem`), we erred (assert).

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <expected>
#include <string>

namespace lintel {

using error_code = boost::system::error_code;

/// The outcome of something that peers, files or the kernel may spoil.
template <class T = void>
using result = boost::system::result<T>;

/// A mistake that a person can correct. `where` names the file, label or flag (with line and column where known);
/// `what` is a sentence that says what is wrong and what to do.
struct problem {
    std::string where;
    std::string what;

    bool operator==(const problem&) const = default;
};

/// The outcome of reading what an operator wrote.
template <class T>
using checked = std::expected<T, problem>;

}  // namespace lintel
