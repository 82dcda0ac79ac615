#include "net/error.hpp"

namespace lintel::net {

namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "lintel.net"; }

    std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
            case errc::timed_out: return "timed out";
            case errc::would_block: return "would block";
            case errc::aborted: return "broken off";
            case errc::end_of_stream: return "the peer closed the connection";
            case errc::name_not_found: return "the name has no address";
            case errc::resolver_failed: return "the name server gave no answer";
            case errc::frame_too_large: return "frame too large";
            case errc::not_an_address: return "not an address";
        }
        return "unknown error";
    }
};

}  // namespace

error_code make_error_code(errc what)
{
    static const category instance;
    return {static_cast<int>(what), instance};
}

}  // namespace lintel::net
