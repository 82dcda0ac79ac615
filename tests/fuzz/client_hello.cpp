// A ClientHello: what is read of it doesn't depend on how it arrives, and once it is decided it stays decided.

#include "tls/client_hello.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using verdict = tls::hello_reading::verdict;
    auto bytes = text_of(data, size);
    auto whole = tls::read_client_hello(bytes);
    require(whole.hello.server_name.size() <= 255);
    auto step = 1 + bytes.size() / 64;
    tls::client_hello_reader reader;
    bool decided = false;
    for (std::size_t some = 0; some < bytes.size(); some += step) {
        auto part = tls::read_client_hello(bytes.substr(0, some));
        if (!decided) require(reader.read(bytes.substr(0, some)).what == part.what);
        if (part.what == verdict::need_more) continue;
        decided = true;
        require(part.what == whole.what && part.hello == whole.hello);
    }
    return 0;
}
