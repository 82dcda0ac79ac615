#pragma once
// What can go wrong with a stream besides what the kernel reports.

#include "base/result.hpp"

#include <type_traits>

namespace lintel::net {

enum class errc {
    timed_out = 1,    ///< the stream's deadline passed
    would_block,      ///< nothing can be read or written without waiting
    aborted,          ///< ended from our side: closed, or cancelled
    end_of_stream,    ///< the peer ended the stream where more was needed
    name_not_found,   ///< the resolver says that the name has no address
    resolver_failed,  ///< the resolver gave no answer
    frame_too_large,
    not_an_address,
};

error_code make_error_code(errc what);

}  // namespace lintel::net

template <>
struct boost::system::is_error_code_enum<lintel::net::errc> : std::true_type {};
