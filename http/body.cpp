#include "http/body.hpp"

#include "http/error.hpp"

namespace lintel::http {

result<void> take_end(body_source& from)
{
    auto end = from.ready();
    if (!end || end->what != body_piece::kind::end) return errc::upstream_failed;
    return {};
}

}  // namespace lintel::http
