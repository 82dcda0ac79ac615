// Answers of name servers: whatever is read lies within the message, and names that were read are written and read
// again.

#include "net/dns_message.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

namespace {

void require_same_again(const std::string& name)
{
    net::dns_builder written;
    written.name(name);
    require(written.good());
    net::dns_reader again(written.text());
    require(again.name() == name && again.good() && again.at() == written.text().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    auto bytes = text_of(data, size);
    auto message = net::read_dns_message(bytes);
    if (!message) return 0;
    for (const auto& each : message->questions) require_same_again(each.name);
    for (const auto* section : {&message->answers, &message->authority, &message->additional}) {
        for (const auto& each : *section) {
            require_same_again(each.owner);
            require(each.begins_at < each.data_at && each.data_at + each.data_size <= size);
            net::dns_reader inside(bytes, each.data_at);
            auto name = inside.name();
            if (inside.good()) require_same_again(name);
        }
    }
    return 0;
}
