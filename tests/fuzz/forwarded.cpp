// X-Forwarded-For as clients and proxies write it: the client's address is an address, and never a trusted proxy's
// while another one is named.

#include "proxy/forward_fields.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const auto trusted = net::network_set::parse({"10.0.0.0/8", "2001:db8::/32"}).value();
    auto text = text_of(data, size);
    if (!http::is_field_value(text)) return 0;
    http::fields fields;
    fields.add("X-Forwarded-For", text);
    for (const char* peer : {"192.0.2.1", "10.1.2.3", "2001:db8::1"}) {
        auto socket = net::address::of_ip(peer, 80).value();
        auto client = proxy::client_address(socket, fields, trusted);
        require(net::address::of_ip(client, 0).has_value());
        if (!trusted.contains(socket)) require(client == peer);
    }
    return 0;
}
