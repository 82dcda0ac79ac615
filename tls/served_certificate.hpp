#pragma once
// A certificate that is parsed when first needed. Included by sources of tls/ only.

#include "tls/pem.hpp"

#include <mutex>
#include <string>

namespace lintel::tls {

class served_certificate {
public:
    served_certificate(std::string chain_pem, std::string key_pem)
        : chain_pem_(std::move(chain_pem)), key_pem_(std::move(key_pem))
    {
    }

    bool made_of(std::string_view chain_pem, std::string_view key_pem) const
    {
        return chain_pem_ == chain_pem && key_pem_ == key_pem;
    }

    /// Null when the PEM is broken (control checks it; a snapshot file may still bring such a one). Any thread.
    const key_pair* parsed()
    {
        std::call_once(once_, [this] {
            auto pair = parse_pair(chain_pem_, key_pem_);
            if (pair) pair_ = std::make_unique<key_pair>(std::move(*pair));
        });
        return pair_.get();
    }

private:
    std::string chain_pem_, key_pem_;
    std::once_flag once_;
    std::unique_ptr<key_pair> pair_;
};

}  // namespace lintel::tls
