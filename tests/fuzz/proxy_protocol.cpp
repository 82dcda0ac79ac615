// The PROXY header before a connection: what is whole needs its last byte and no other; what it says is written and
// read again.

#include "net/proxy_protocol.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

using namespace lintel;
using namespace lintel::fuzz;
using state = net::proxy_header::state;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    auto bytes = text_of(data, size);
    auto read = net::read_proxy_header(bytes);
    require(read.what == state::whole || (read.size_bytes == 0 && !read.ends));
    if (read.what == state::need_more) require(size < net::proxy_header_limit_bytes);
    if (read.what != state::whole) return 0;

    require(read.size_bytes <= std::min(size, net::proxy_header_limit_bytes));
    auto header = bytes.substr(0, read.size_bytes);
    require(net::read_proxy_header(header).what == state::whole);
    require(net::read_proxy_header(header.substr(0, header.size() - 1)).what == state::need_more);
    if (!read.ends) return 0;
    for (auto version : {net::proxy_version::v1, net::proxy_version::v2}) {
        auto written = net::write_proxy_header(version, *read.ends);
        auto again = net::read_proxy_header(written);
        require(again.what == state::whole && again.size_bytes == written.size() && again.ends.has_value());
        require(again.ends->source.to_string() == read.ends->source.to_string());
        require(again.ends->destination.to_string() == read.ends->destination.to_string());
    }
    return 0;
}
