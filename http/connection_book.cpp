#include "http/connection_book.hpp"

#include "http/client_connection.hpp"
#include "http/h1_exchange.hpp"
#include "http/h2_exchange.hpp"

namespace lintel::http {

namespace {

template <class Exchange>
std::unique_ptr<Exchange> take(std::vector<std::unique_ptr<Exchange>>& spare, net::worker& home)
{
    if (spare.empty()) return std::make_unique<Exchange>(home);
    auto last = std::move(spare.back());
    spare.pop_back();
    return last;
}

}  // namespace

connection_book::connection_book(std::size_t most_heads) : most_heads_(most_heads) {}
connection_book::~connection_book() = default;

std::unique_ptr<h1_exchange> connection_book::take_exchange(net::worker& home) { return take(spare_, home); }

std::unique_ptr<h2_exchange> connection_book::take_h2_exchange(net::worker& home) { return take(spare_h2_, home); }

void connection_book::keep(std::unique_ptr<h1_exchange> unused)
{
    if (spare_.size() < kept_exchanges) spare_.push_back(std::move(unused));
}

void connection_book::keep(std::unique_ptr<h2_exchange> unused)
{
    if (spare_h2_.size() < kept_exchanges) spare_h2_.push_back(std::move(unused));
}

void connection_book::entry::move_to(phase next)
{
    if (now_ == next || now_ == phase::leaving) return;
    auto& to = book_.list_of(next);
    auto& from = book_.list_of(now_);
    to.splice(to.end(), from, from.iterator_to(*this));
    now_ = next;
    if (next == phase::head) book_.shed_heads();
}

std::size_t connection_book::shed_idle(std::size_t count)
{
    auto& idle = list_of(phase::idle);
    std::size_t shed = 0;
    for (auto each = idle.begin(); each != idle.end() && shed < count;) {
        if ((each++)->connection().leave_if_idle()) ++shed;
    }
    return shed;
}

void connection_book::shed_heads()
{
    auto& heads = list_of(phase::head);
    while (heads.size() > most_heads_) heads.front().connection().close();
}

}  // namespace lintel::http
