#pragma once
// The coroutine type and its executor. Typed executors, because the type-erased one costs on every operation
// (docs/life-of-a-request.md).

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lintel {

namespace asio = boost::asio;

namespace net {

using executor = asio::io_context::executor_type;

/// A coroutine of one worker. Lazy: nothing runs before it is awaited or a `task_group` owns it.
template <class T = void>
using task = asio::awaitable<T, executor>;

inline constexpr asio::use_awaitable_t<executor> use_task;

}  // namespace net

using net::task;

}  // namespace lintel
