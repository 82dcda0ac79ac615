#include "http/connection_book.hpp"

#include "http/h1_connection.hpp"

namespace lintel::http {

connection_book::entry::entry(connection_book& book, h1_connection& self) : book_(book)
{
    auto& list = book_.list_of(now_);
    place_ = list.insert(list.end(), &self);
}

connection_book::entry::~entry() { book_.list_of(now_).erase(place_); }

void connection_book::entry::move_to(phase next)
{
    if (now_ == next || now_ == phase::leaving) return;
    auto& to = book_.list_of(next);
    to.splice(to.end(), book_.list_of(now_), place_);
    now_ = next;
    if (next == phase::head) book_.shed_heads();
}

std::size_t connection_book::shed_idle(std::size_t count)
{
    auto& idle = list_of(phase::idle);
    std::size_t shed = 0;
    for (auto each = idle.begin(); each != idle.end() && shed < count;) {
        if ((*each++)->leave_if_idle()) ++shed;
    }
    return shed;
}

void connection_book::shed_heads()
{
    auto& heads = list_of(phase::head);
    while (heads.size() > most_heads_) heads.front()->close();
}

}  // namespace lintel::http
