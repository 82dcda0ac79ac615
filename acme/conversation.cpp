#include "acme/conversation.hpp"

#include "acme/resources.hpp"
#include "base/json_text.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr auto directory_life = 1h;
constexpr int most_repeats = 10;
constexpr std::size_t most_nonces = 32;
constexpr std::size_t answer_limit_bytes = 1U << 20;
constexpr std::size_t longest_nonce = 512;
constexpr const char* user_agent = "lintel/" LINTEL_VERSION;

failure malformed(std::string what) { return {failure::kind::malformed, 0, "", std::move(what), {}}; }

bool is_nonce(std::string_view text)
{
    return !text.empty() && text.size() <= longest_nonce &&
           std::ranges::all_of(text, [](char c) { return text::is_alnum(c) || c == '-' || c == '_'; });
}

/// RFC 8555 §6.2: jwk for who has no account yet, kid for everybody else.
std::string header_of(const identity& who, const std::string& nonce, const std::string& url)
{
    auto speaker = who.url.empty() ? R"("jwk":)" + who.key.jwk() : R"("kid":)" + json_text::quoted(who.url);
    return R"({"nonce":")" + nonce + "\"," + speaker + R"(,"url":)" + json_text::quoted(url) + '}';
}

failure as_failure(const http::fetch_failure& why)
{
    bool too_long = why.code == boost::system::errc::make_error_condition(boost::system::errc::message_size);
    return {too_long ? failure::kind::malformed : failure::kind::unreachable, 0, "", why.why, {}};
}

}  // namespace

conversation::conversation(http::fetcher& fetcher, client_settings where)
    : fetcher_(fetcher), where_(std::move(where)), urls_(url_rule::of_directory(where_.directory_url))
{
}

task<answer<directory>> conversation::look_up()
{
    if (directory_ && steady_clock::now() - fetched_ < directory_life) co_return *directory_;
    auto said = co_await get(where_.directory_url);
    if (!said) co_return std::unexpected(said.error());
    auto read = read_directory(said->body(), *urls_);
    if (!read) co_return std::unexpected(misfit(*said, read.error()));
    directory_ = *read;
    fetched_ = steady_clock::now();
    co_return std::move(*read);
}

task<answer<reply>> conversation::get(std::string url)
{
    http::fetch_request request;
    request.url = std::move(url);
    request.fields = {{"Accept", "application/json"}};
    auto said = co_await send(std::move(request));
    if (said && !said->is_success()) co_return std::unexpected(said->as_failure());
    co_return said;
}

task<answer<reply>> conversation::post(identity who, std::string url, std::string payload, std::string accept)
{
    for (int repeats = 0;; ++repeats) {
        auto nonce = co_await take_nonce();
        if (!nonce) co_return std::unexpected(nonce.error());
        http::fetch_request request;
        request.method = "POST";
        request.url = url;
        // An order whose answer was lost must not be placed twice; reading (RFC 8555 §6.3) and "ready" may be said
        // again.
        request.once = !payload.empty() && payload != "{}";
        request.fields = {{"Content-Type", "application/jose+json"}, {"Accept", accept}};
        request.body = who.key.sign(header_of(who, *nonce, url), payload);
        auto said = co_await send(std::move(request));
        if (!said || said->is_success()) co_return said;
        auto why = said->as_failure();
        if (why.what == failure::kind::malformed) directory_.reset();
        if (why.type != "badNonce" || repeats == most_repeats) co_return std::unexpected(std::move(why));
    }
}

failure conversation::misfit(const reply& from, std::string what)
{
    directory_.reset();
    return from.malformed(std::move(what));
}

task<answer<reply>> conversation::send(http::fetch_request request)
{
    if (!urls_) co_return std::unexpected(malformed(urls_.error().what));
    if (!urls_->allows(request.url))
        co_return std::unexpected(malformed("not a URL to go to: \"" + text::printable(request.url) + '"'));
    request.ca_file = where_.ca_file;
    request.timeout = where_.timeout;
    request.limit_bytes = answer_limit_bytes;
    request.fields.emplace_back("User-Agent", user_agent);
    request.fields.emplace_back("Accept-Language", "en");  // problem documents are for our messages
    auto url = request.url;
    auto came = co_await fetcher_.fetch(std::move(request));
    if (!came) co_return std::unexpected(as_failure(came.error()));
    reply said(std::move(url), std::move(*came));
    keep_nonce(said);
    co_return said;
}

task<answer<std::string>> conversation::take_nonce()
{
    if (nonces_.empty()) {
        auto known = co_await look_up();
        if (!known) co_return std::unexpected(known.error());
        http::fetch_request request;
        request.method = "HEAD";
        request.url = known->new_nonce;
        auto said = co_await send(std::move(request));
        if (!said) co_return std::unexpected(said.error());
        if (!said->is_success()) co_return std::unexpected(said->as_failure());
        auto mine = said->field("replay-nonce");
        if (!is_nonce(mine)) co_return std::unexpected(misfit(*said, "newNonce gave no Replay-Nonce"));
        std::erase(nonces_, mine);  // send() has kept it for everybody
        co_return std::string(mine);
    }
    auto freshest = std::move(nonces_.back());
    nonces_.pop_back();
    co_return freshest;
}

/// Every answer may bring one (RFC 8555 §6.5); the oldest go first, CAs forget them.
void conversation::keep_nonce(const reply& from)
{
    auto nonce = from.field("replay-nonce");
    if (!is_nonce(nonce)) return;
    nonces_.emplace_back(nonce);
    if (nonces_.size() > most_nonces) nonces_.erase(nonces_.begin());
}

}  // namespace lintel::acme
