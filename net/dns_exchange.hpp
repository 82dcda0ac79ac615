#pragma once
// One message to a name server and the answer to it (RFC 1035 §4.2).

#include "net/stream.hpp"
#include "net/worker.hpp"

#include <string>

namespace lintel::net {

/// `message` gets a random id, in place of the one that it has. What comes back and is no answer to it, by id, opcode
/// and question (RFC 5452 §9.1), is passed over. Errors: `timed_out` at `end` or up to 100 ms later, what the kernel
/// reports.
task<result<std::string>> exchange_datagrams(worker& home, address server, std::string message, time_point end);

/// The same on a connection, where a length stands before each message; nothing else may be using it. The id stays as
/// it is: a signature covers it. Errors: `end_of_stream`, too.
task<result<std::string>> exchange_on(stream& line, std::string message, time_point end);

/// Two random bytes, as messages begin with.
std::string random_dns_id();

}  // namespace lintel::net
