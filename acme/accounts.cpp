#include "acme/accounts.hpp"

#include "acme/order_run.hpp"
#include "base/log.hpp"

namespace lintel::acme {

namespace {

std::unexpected<failure> not_written(const problem& why)
{
    return failed(failure::kind::ours, why.where + ": " + why.what);
}

std::unexpected<failure> refused_by_us(std::string why) { return failed(failure::kind::refused, std::move(why)); }

}  // namespace

struct accounts::ca {
    ca(net::worker& home, http::fetcher& fetcher, const issuer& whose)
        : speaker(fetcher, {whose.directory, whose.ca_file}), turns(home)
    {
    }

    client speaker;
    net::turns turns;                     ///< one task at a time opens or changes the account
    std::optional<failure> told_to_wait;  ///< whoever asks before `again` gets the same answer
    time_point again;
};

accounts::accounts(net::worker& home, http::fetcher& fetcher, vault& records, const certificate_settings& settings)
    : home_(home), fetcher_(fetcher), vault_(records), settings_(settings)
{
}

accounts::~accounts() = default;

accounts::ca& accounts::at(const issuer& whose)
{
    auto& known = cas_[whose.directory];
    if (!known) known = std::make_unique<ca>(home_, fetcher_, whose);
    return *known;
}

client& accounts::client_of(const issuer& whose) { return at(whose).speaker; }

task<answer<identity>> accounts::enter(const issuer& whose)
{
    auto& there = at(whose);
    auto turn = co_await there.turns.take();
    if (there.told_to_wait && steady_clock::now() < there.again) {
        auto same = *there.told_to_wait;
        same.retry_after = there.again - steady_clock::now();
        co_return std::unexpected(std::move(same));
    }
    auto who = co_await open_account(whose, there.speaker);
    there.told_to_wait.reset();
    if (!who && who.error().retry_after) {
        there.told_to_wait = who.error();
        there.again = steady_clock::now() + *who.error().retry_after;
    }
    co_return who;
}

task<answer<identity>> accounts::open_account(const issuer& whose, client& there)
{
    const auto& all = vault_.contents().accounts;
    auto known = all.find(whose.directory);
    store::account_record account{whose.directory, {}, {}, {}, {}};
    if (known != all.end()) account = known->second;
    if (account.url.empty()) co_return co_await register_account(whose, there, std::move(account));
    if (!account.next_key_pem.empty()) co_return co_await settle_key_change(there, std::move(account));
    if (account.contact != contact()) co_return co_await settle_contact(there, std::move(account));
    auto key = account_key::from_pem(account.key_pem);
    if (!key)
        co_return refused_by_us("the key of the account at " + whose.directory + " can't be read: " + key.error().what);
    co_return identity{std::move(*key), account.url};
}

task<answer<identity>> accounts::register_account(const issuer& whose, client& there, store::account_record account)
{
    if (!settings_.terms_accepted()) {
        co_return refused_by_us("its terms of service are not accepted yet: set email (or accept_terms: true)");
    }
    if (account.key_pem.empty()) {
        account.key_pem = account_key::generate().pem();
        if (auto kept = keep(account); !kept) co_return std::unexpected(kept.error());
    }
    auto key = account_key::from_pem(account.key_pem);
    if (!key) co_return refused_by_us("the account's key can't be read: " + key.error().what);
    auto where = co_await there.look_up();
    if (!where) co_return std::unexpected(where.error());
    new_account what{.contact = contact(), .terms_agreed = true, .external_binding = {}};
    if (whose.binding) {
        auto bound = bind_external_account(*key, whose.binding->kid, whose.binding->hmac_key, where->new_account);
        if (!bound) co_return refused_by_us("issuers." + whose.name + ".eab: " + bound.error().what);
        what.external_binding = std::move(*bound);
    } else if (where->external_account_required) {
        co_return refused_by_us("it wants an external account: set issuers." + whose.name +
                                ".eab (kid and hmac), which its operator hands out");
    }
    auto url = co_await there.register_account(*key, std::move(what));
    if (!url) co_return std::unexpected(url.error());
    account.url = *url;
    account.contact = contact();
    if (auto kept = keep(account); !kept) co_return std::unexpected(kept.error());
    log::info("acme.account", {{"issuer", whose.name}, {"directory", whose.directory}});
    co_return identity{std::move(*key), std::move(*url)};
}

/// After a crash nobody knows which of the two keys the CA has: it tells by the one that it lets in.
task<answer<identity>> accounts::settle_key_change(client& there, store::account_record account)
{
    auto next = account_key::from_pem(account.next_key_pem);
    auto old = account_key::from_pem(account.key_pem);
    if (!next || !old) co_return refused_by_us("a key of the account can't be read");
    auto found = co_await there.register_account(*next, {.contact = {}, .only_existing = true, .external_binding = {}});
    if (!found) {
        if (found.error().what != failure::kind::refused) co_return std::unexpected(found.error());
        auto changed = co_await there.change_key({*old, account.url}, *next);
        // A refusal must not keep the account shut, where the CA is known to have the old key.
        bool refused = !changed && !is_for_later(changed.error()) && found.error().type == "accountDoesNotExist";
        if (refused) {
            account.next_key_pem.clear();
            if (auto kept = keep(account); !kept) co_return std::unexpected(kept.error());
        }
        if (!changed) co_return std::unexpected(changed.error());
    }
    account.key_pem = std::exchange(account.next_key_pem, "");
    if (auto kept = keep(account); !kept) co_return std::unexpected(kept.error());
    co_return identity{std::move(*next), account.url};
}

task<answer<identity>> accounts::settle_contact(client& there, store::account_record account)
{
    auto key = account_key::from_pem(account.key_pem);
    if (!key) co_return refused_by_us("the account's key can't be read: " + key.error().what);
    identity who{std::move(*key), account.url};
    auto told = co_await there.update_contact(who, contact());
    if (!told && is_for_later(told.error())) co_return std::unexpected(told.error());
    if (!told) {  // certificates don't wait for an address that the CA doesn't like
        log::warn("acme.contact_refused", {{"directory", account.directory}, {"why", told.error().detail}});
        co_return who;
    }
    account.contact = contact();
    if (auto kept = keep(account); !kept) co_return std::unexpected(kept.error());
    co_return who;
}

void accounts::forget(const issuer& whose)
{
    auto known = vault_.contents().accounts.find(whose.directory);
    if (known == vault_.contents().accounts.end()) return;
    auto account = known->second;
    account.url.clear();
    (void)keep(account);
}

answer<void> accounts::has_one(const issuer& whose) const
{
    auto known = vault_.contents().accounts.find(whose.directory);
    bool made = known != vault_.contents().accounts.end() && !known->second.url.empty();
    return made ? answer<void>{} : refused_by_us("there is no account yet: it is made with the first order");
}

task<answer<void>> accounts::change_key(const issuer& whose)
{
    auto& there = at(whose);
    auto turn = co_await there.turns.take();
    if (auto there_is = has_one(whose); !there_is) co_return there_is;
    auto who = co_await open_account(whose, there.speaker);
    if (!who) co_return std::unexpected(who.error());
    auto account = vault_.contents().accounts.at(whose.directory);
    account.next_key_pem = account_key::generate().pem();
    if (auto kept = keep(account); !kept) co_return kept;
    auto changed = co_await settle_key_change(there.speaker, std::move(account));
    if (!changed) co_return std::unexpected(changed.error());
    co_return answer<void>{};
}

task<answer<void>> accounts::deactivate(const issuer& whose)
{
    auto& there = at(whose);
    auto turn = co_await there.turns.take();
    if (auto there_is = has_one(whose); !there_is) co_return there_is;
    auto who = co_await open_account(whose, there.speaker);
    if (!who) co_return std::unexpected(who.error());
    auto ended = co_await there.speaker.deactivate_account(*who);
    if (!ended) co_return ended;
    store::changes step;
    step.accounts.erase.push_back(whose.directory);
    if (auto written = vault_.commit(step); !written) co_return not_written(written.error());
    co_return answer<void>{};
}

std::vector<std::string> accounts::contact() const
{
    return settings_.email.empty() ? std::vector<std::string>{} : std::vector{"mailto:" + settings_.email};
}

answer<void> accounts::keep(const store::account_record& what)
{
    store::changes step;
    step.accounts.put.push_back(what);
    if (auto written = vault_.commit(step); !written) return not_written(written.error());
    return {};
}

}  // namespace lintel::acme
