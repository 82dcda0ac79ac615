#pragma once
// What a CA answers, before anybody reads its JSON.

#include "acme/failure.hpp"
#include "http/fetch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::acme {

class reply {
public:
    /// `url`: where it came from; links are relative to it.
    reply(std::string url, http::fetch_response from) : url_(std::move(url)), from_(std::move(from)) {}

    bool is_success() const { return from_.status / 100 == 2; }
    const std::string& body() const { return from_.body; }
    const std::string& url() const { return url_; }

    /// The first field of this name (lower case); empty when there is none.
    std::string_view field(std::string_view name) const;

    /// Absolute targets of Link fields with this relation (RFC 8288).
    std::vector<std::string> links(std::string_view relation) const;

    /// A Location field as an absolute URL; empty when there is none.
    std::string location() const;

    std::optional<duration> retry_after() const;

    /// What the answer says as a failure: its problem document, or that there is none.
    failure as_failure() const;

    /// An answer that RFC 8555 doesn't allow. `what`: a sentence.
    failure malformed(std::string what) const;

private:
    std::string url_;
    http::fetch_response from_;
};

/// `target` as seen from `base`: absolute ones stay, "/path" gets its scheme and authority. Other forms are rare enough
/// to be refused: empty.
std::string absolute_url(std::string_view target, std::string_view base);

}  // namespace lintel::acme
