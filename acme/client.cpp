#include "acme/client.hpp"

#include "acme/certificate_key.hpp"
#include "acme/conversation.hpp"
#include "acme/resources.hpp"
#include "base/json_text.hpp"
#include "base/text.hpp"
#include "tls/pem.hpp"

#include <algorithm>
#include <set>

namespace lintel::acme {

struct client::inside {
    conversation talk;

    answer<order> order_of(answer<reply> said, std::string url);
    task<answer<void>> change(identity who, std::string url, std::string payload);
    answer<std::string> chain_of(const reply& said);
    task<answer<account_facts>> account_of(identity who);
};

namespace {

constexpr std::size_t most_alternates = 10;
constexpr std::size_t most_pages = 1000;
constexpr const char* pem_chain = "application/pem-certificate-chain";
constexpr const char* deactivation = R"({"status":"deactivated"})";

failure refusal(std::string type, std::string why)
{
    return {failure::kind::refused, 0, std::move(type), std::move(why), {}};
}

/// A profile that isn't offered would be refused anyway, after a token of the rate limit.
std::optional<failure> unknown_profile(const directory& known, const std::string& wanted)
{
    if (wanted.empty() || known.profiles.contains(wanted)) return {};
    std::vector<std::string> offered;
    for (const auto& [name, description] : known.profiles) offered.push_back(name);
    auto what = offered.empty() ? "it offers none" : "it offers: " + text::join(offered, ", ");
    return refusal("invalidProfile", "the CA has no profile \"" + wanted + "\"; " + what);
}

}  // namespace

client::client(http::fetcher& fetcher, client_settings where)
    : inside_(std::make_unique<inside>(conversation(fetcher, std::move(where))))
{
}
client::~client() = default;

task<answer<directory>> client::look_up() { return inside_->talk.look_up(); }

task<answer<std::string>> client::register_account(account_key key, acme::new_account what)
{
    auto& talk = inside_->talk;
    auto known = co_await talk.look_up();
    if (!known) co_return std::unexpected(known.error());
    auto said = co_await talk.post({std::move(key), ""}, known->new_account, write_new_account(what));
    if (!said) co_return std::unexpected(said.error());
    auto url = said->location();
    if (!talk.urls().allows(url))
        co_return std::unexpected(talk.misfit(*said, "the answer to newAccount has no Location to go to"));
    auto account = read_account(said->body(), talk.urls());
    if (!account) co_return std::unexpected(talk.misfit(*said, account.error()));
    if (!account->is_valid) co_return std::unexpected(refusal("unauthorized", "the account is " + account->status));
    co_return url;
}

task<answer<void>> client::update_contact(identity who, std::vector<std::string> contact)
{
    auto url = who.url;
    return inside_->change(std::move(who), std::move(url), write_contact(contact));
}

task<answer<void>> client::deactivate_account(identity who)
{
    auto url = who.url;
    return inside_->change(std::move(who), std::move(url), deactivation);
}

task<answer<void>> client::change_key(identity who, account_key next)
{
    auto known = co_await inside_->talk.look_up();
    if (!known) co_return std::unexpected(known.error());
    if (known->key_change.empty()) co_return std::unexpected(refusal("", "the CA lets nobody change an account's key"));
    // The new key signs for itself, the old one what it has signed.
    auto header = R"({"jwk":)" + next.jwk() + R"(,"url":)" + json_text::quoted(known->key_change) + '}';
    auto payload = R"({"account":)" + json_text::quoted(who.url) + R"(,"oldKey":)" + who.key.jwk() + '}';
    co_return co_await inside_->change(std::move(who), known->key_change, next.sign(header, payload));
}

task<answer<order>> client::create_order(identity who, acme::new_order what)
{
    auto& talk = inside_->talk;
    auto known = co_await talk.look_up();
    if (!known) co_return std::unexpected(known.error());
    if (auto unknown = unknown_profile(*known, what.profile)) co_return std::unexpected(std::move(*unknown));
    if (known->renewal_info.empty()) what.replaces.clear();  // RFC 9773 §5: only where the CA has ARI
    auto said = co_await talk.post(std::move(who), known->new_order, write_new_order(what));
    auto url = said ? said->location() : std::string();
    if (said && !talk.urls().allows(url))
        co_return std::unexpected(talk.misfit(*said, "the answer to newOrder has no Location to go to"));
    co_return inside_->order_of(std::move(said), std::move(url));
}

task<answer<order>> client::read_order(identity who, std::string url)
{
    auto said = co_await inside_->talk.post(std::move(who), url, "");
    co_return inside_->order_of(std::move(said), std::move(url));
}

task<answer<std::vector<std::string>>> client::list_orders(identity who)
{
    auto& talk = inside_->talk;
    auto account = co_await inside_->account_of(who);
    if (!account) co_return std::unexpected(account.error());
    std::vector<std::string> all;
    std::set<std::string> seen;
    auto page = account->orders;
    while (!page.empty() && seen.size() < most_pages && seen.insert(page).second) {
        auto said = co_await talk.post(who, page, "");
        if (!said) co_return std::unexpected(said.error());
        auto urls = read_orders_page(said->body(), talk.urls());
        if (!urls) co_return std::unexpected(talk.misfit(*said, urls.error()));
        all.insert(all.end(), urls->begin(), urls->end());
        auto next = said->links("next");
        page = next.empty() ? std::string() : next.front();
    }
    co_return all;
}

task<answer<authorization>> client::read_authorization(identity who, std::string url)
{
    auto& talk = inside_->talk;
    auto said = co_await talk.post(std::move(who), url, "");
    if (!said) co_return std::unexpected(said.error());
    auto found = acme::read_authorization(said->body(), talk.urls());
    if (!found) co_return std::unexpected(talk.misfit(*said, found.error()));
    found->url = std::move(url);
    found->retry_after = said->retry_after();
    co_return std::move(*found);
}

task<answer<void>> client::deactivate_authorization(identity who, std::string url)
{
    return inside_->change(std::move(who), std::move(url), deactivation);
}

task<answer<void>> client::say_ready(identity who, std::string challenge_url)
{
    return inside_->change(std::move(who), std::move(challenge_url), "{}");
}

task<answer<order>> client::finalize(identity who, std::string finalize_url, std::string csr_der)
{
    auto& talk = inside_->talk;
    auto said = co_await talk.post(std::move(who), std::move(finalize_url), write_finalize(csr_der));
    auto url = said ? said->location() : std::string();
    if (said && !talk.urls().allows(url)) url.clear();  // a SHOULD at most: the caller knows it from newOrder
    co_return inside_->order_of(std::move(said), std::move(url));
}

task<answer<std::string>> client::download(identity who, std::string url, std::string preferred_chain)
{
    auto& talk = inside_->talk;
    auto said = co_await talk.post(who, std::move(url), "", pem_chain);
    if (!said) co_return std::unexpected(said.error());
    auto own = inside_->chain_of(*said);
    if (!own || preferred_chain.empty() || topmost_issuer(*own) == preferred_chain) co_return own;
    auto alternates = said->links("alternate");
    alternates.resize(std::min(alternates.size(), most_alternates));
    for (auto& each : alternates) {
        auto other = co_await talk.post(who, std::move(each), "", pem_chain);
        auto chain = other ? inside_->chain_of(*other) : own;  // the certificate is there, whatever becomes of this one
        if (chain && topmost_issuer(*chain) == preferred_chain) co_return chain;
    }
    co_return own;
}

task<answer<void>> client::revoke(identity who, std::string chain_pem, int reason)
{
    auto known = co_await inside_->talk.look_up();
    if (!known) co_return std::unexpected(known.error());
    if (known->revoke_certificate.empty()) co_return std::unexpected(refusal("", "the CA has no revokeCert"));
    auto leaf = leaf_for_revocation(chain_pem);
    co_return co_await inside_->change(std::move(who), known->revoke_certificate, write_revocation(leaf, reason));
}

task<answer<std::optional<renewal_window>>> client::renewal_info(std::string renewal_id)
{
    auto& talk = inside_->talk;
    auto known = co_await talk.look_up();
    if (!known) co_return std::unexpected(known.error());
    if (known->renewal_info.empty()) co_return std::nullopt;
    auto base = known->renewal_info;
    if (!base.ends_with('/')) base += '/';
    auto said = co_await talk.get(base + renewal_id);
    if (!said) co_return std::unexpected(said.error());
    auto window = read_renewal_window(said->body());
    if (!window) co_return std::unexpected(talk.misfit(*said, window.error()));
    window->ask_again_in = said->retry_after();
    co_return std::move(*window);
}

/// The order that an answer carries.
answer<order> client::inside::order_of(answer<reply> said, std::string url)
{
    if (!said) return std::unexpected(said.error());
    auto found = acme::read_order(said->body(), talk.urls());
    if (!found) return std::unexpected(talk.misfit(*said, found.error()));
    found->url = std::move(url);
    found->retry_after = said->retry_after();
    return std::move(*found);
}

/// A request of which only matters that it was heard.
task<answer<void>> client::inside::change(identity who, std::string url, std::string payload)
{
    auto said = co_await talk.post(std::move(who), std::move(url), std::move(payload));
    if (!said) co_return std::unexpected(said.error());
    co_return answer<void>();
}

answer<std::string> client::inside::chain_of(const reply& said)
{
    if (auto all = tls::parse_certificates(said.body()); !all)
        return std::unexpected(talk.misfit(said, "the certificate can't be read: " + all.error().what));
    return said.body();
}

task<answer<account_facts>> client::inside::account_of(identity who)
{
    auto url = who.url;
    auto said = co_await talk.post(std::move(who), std::move(url), "");
    if (!said) co_return std::unexpected(said.error());
    auto account = read_account(said->body(), talk.urls());
    if (!account) co_return std::unexpected(talk.misfit(*said, account.error()));
    co_return std::move(*account);
}

}  // namespace lintel::acme
