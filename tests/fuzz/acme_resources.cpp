// What a CA may answer: every reader either understands it or says what is wrong, and what comes out is fit for use.

#include "acme/resources.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

using namespace lintel;
using namespace lintel::fuzz;

namespace {

template <class T>
bool understood(const acme::readable<T>& what)
{
    require(what || !what.error().empty());
    return what.has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const auto urls = acme::url_rule::of_directory("https://ca.example/").value();
    auto text = text_of(data, size);
    if (auto what = acme::read_directory(text, urls); understood(what)) {
        require(urls.allows(what->new_nonce) && urls.allows(what->new_account) && urls.allows(what->new_order));
    }
    if (auto what = acme::read_order(text, urls); understood(what)) {
        require(urls.allows(what->finalize));
        require(std::ranges::all_of(what->authorizations, [](const auto& url) { return urls.allows(url); }));
        require(what->status != acme::order_status::valid || urls.allows(what->certificate));
    }
    if (auto what = acme::read_authorization(text, urls); understood(what)) {
        for (const auto& each : what->challenges) require(urls.allows(each.url) && !each.token.contains('/'));
    }
    if (auto what = acme::read_renewal_window(text); understood(what)) require(what->start < what->end);
    understood(acme::read_account(text, urls));
    understood(acme::read_orders_page(text, urls));
    if (auto why = acme::read_problem(text)) require(why->detail.size() < 9000);
    return 0;
}
