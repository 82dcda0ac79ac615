#include "acme/order_run.hpp"

#include "base/log.hpp"
#include "net/event.hpp"

#include <algorithm>
#include <set>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration processing_limit = 10min;
constexpr std::size_t most_looked_at = 500;  ///< orders of the account's list, the newest

class run {
public:
    run(order_tools with, std::string id, order_plan how)
        : with_(std::move(with)), id_(std::move(id)), how_(std::move(how))
    {
    }

    task<answer<std::string>> to_the_certificate()
    {
        auto now = co_await placed();
        if (!now) co_return std::unexpected(now.error());
        if (now->status == order_status::pending) {
            if (auto proven = co_await prove_all(*now); !proven) co_return std::unexpected(proven.error());
            now = co_await beyond({order_status::pending, order_status::processing}, now->url);
            if (!now) co_return std::unexpected(now.error());
        }
        if (now->status == order_status::ready) {
            now = co_await finalized(*now);
            if (!now) co_return std::unexpected(now.error());
        }
        co_return co_await with_.at.download(with_.who, now->certificate, with_.whose.preferred_chain);
    }

private:
    const store::order_record& record() const { return with_.records.contents().orders.at(id_); }

    answer<void> keep(store::order_record what)
    {
        store::changes step;
        step.orders.put.push_back(std::move(what));
        auto written = with_.records.commit(step);
        if (!written) return failed(failure::kind::ours, written.error().where + ": " + written.error().what);
        return {};
    }

    /// The order as the CA has it; placed now, or before a crash.
    task<answer<order>> placed()
    {
        if (record().url.empty()) {
            auto url = co_await find_placed();
            if (!url) co_return std::unexpected(url.error());
            if (url->empty()) co_return co_await place();
            auto found = record();
            found.url = *url;
            if (auto kept = keep(std::move(found)); !kept) co_return std::unexpected(kept.error());
        }
        if (how_.resumed && with_.whose.has_dns()) co_await sweep(record().url);
        co_return co_await beyond({order_status::processing}, record().url);
    }

    /// Takes down what an interrupted run has left in DNS; authorizations that are still open do that themselves.
    task<void> sweep(std::string url)
    {
        auto now = co_await with_.at.read_order(with_.who, std::move(url));
        if (!now) co_return;
        for (const auto& each : now->authorizations) {
            auto what = co_await with_.at.read_authorization(with_.who, each);
            bool over = what && what->status != check_status::pending;
            if (over) co_await with_.answers.clean_up(with_.who, with_.whose, *what);
        }
    }

    /// The CA may have heard of the order and our crash been faster than its answer. Empty: nothing like it is open,
    /// or the CA shows no list (RFC 8555 §7.1.2.1; not all do).
    task<answer<std::string>> find_placed()
    {
        if (!how_.resumed) co_return std::string();
        auto listed = co_await with_.at.list_orders(with_.who);
        if (!listed && is_for_later(listed.error())) co_return std::unexpected(listed.error());
        if (!listed) co_return std::string();
        std::ranges::reverse(*listed);  // the newest are last where they come in any order
        listed->resize(std::min(listed->size(), most_looked_at));
        for (const auto& url : *listed) {
            if (is_anothers(url)) continue;
            auto there = co_await with_.at.read_order(with_.who, url);
            if (!there && is_for_later(there.error())) co_return std::unexpected(there.error());
            bool open = there && (there->status == order_status::pending || there->status == order_status::ready);
            if (open && is_same(there->names, record().names)) co_return url;
        }
        co_return std::string();
    }

    bool is_anothers(const std::string& url) const
    {
        return std::ranges::any_of(with_.records.contents().orders,
                                   [&](const auto& each) { return each.second.url == url; });
    }

    static bool is_same(const std::vector<std::string>& a, const std::vector<std::string>& b)
    {
        return std::set(a.begin(), a.end()) == std::set(b.begin(), b.end());
    }

    task<answer<order>> place()
    {
        new_order what{record().names, record().profile, record().replaces};
        auto placed = co_await with_.at.create_order(with_.who, std::move(what));
        if (!placed) co_return placed;
        auto known = record();
        known.url = placed->url;
        if (auto kept = keep(std::move(known)); !kept) co_return std::unexpected(kept.error());
        co_return placed;
    }

    /// The order once it is in none of these states; a failure where it is invalid.
    task<answer<order>> beyond(std::set<order_status> passing, std::string url)
    {
        net::event pause(with_.home);
        auto end = steady_clock::now() + processing_limit;
        for (int asked = 0;; ++asked) {
            auto now = co_await with_.at.read_order(with_.who, url);
            if (!now) co_return now;
            if (now->status == order_status::invalid) co_return std::unexpected(refusal_of(*now));
            if (!passing.contains(now->status)) co_return now;
            auto again = steady_clock::now() + poll_pause(now->retry_after, asked);
            if (again > end) co_return too_slow(again, "the CA is still processing the order");
            co_await pause.wait_until(again);
        }
    }

    static failure refusal_of(const order& which)
    {
        if (which.error) return *which.error;
        failure none;
        none.what = failure::kind::refused;
        none.detail = "the CA calls the order invalid and did not say why";
        return none;
    }

    task<answer<void>> prove_all(const order& now)
    {
        for (const auto& url : now.authorizations) {
            auto what = co_await with_.at.read_authorization(with_.who, url);
            if (!what) co_return std::unexpected(what.error());
            if (what->status == check_status::valid) continue;
            auto name = what->wildcard ? "*." + what->name : what->name;
            auto planned = how_.challenges.find(name);
            auto types = planned != how_.challenges.end() ? planned->second : usable_challenges(with_.whose, name);
            auto proven = co_await with_.answers.prove(with_.at, with_.who, with_.whose, *what, std::move(types));
            if (!proven) co_return proven;
        }
        co_return answer<void>{};
    }

    task<answer<order>> finalized(order now)
    {
        auto known = record();
        if (known.csr_der.empty()) {
            auto request = certificate_request(known.key_pem, now.names);
            if (!request) co_return failed(failure::kind::malformed, request.error().what);
            known.csr_der = std::move(*request);
            if (auto kept = keep(known); !kept) co_return std::unexpected(kept.error());
        }
        auto done = co_await with_.at.finalize(with_.who, now.finalize, known.csr_der);
        // An answer that was lost, and the request repeated: the order itself says how far it is.
        bool heard_before = !done && done.error().type == "orderNotReady";
        if (heard_before) co_return co_await beyond({order_status::processing, order_status::ready}, now.url);
        if (!done) co_return done;
        if (done->status == order_status::invalid) co_return std::unexpected(refusal_of(*done));
        if (done->status == order_status::valid) co_return done;
        net::event pause(with_.home);
        co_await pause.wait_until(steady_clock::now() + poll_pause(done->retry_after, 0));
        co_return co_await beyond({order_status::processing, order_status::ready}, now.url);
    }

    order_tools with_;
    std::string id_;
    order_plan how_;
};

}  // namespace

task<answer<std::string>> run_order(order_tools with, std::string order_id, order_plan how)
{
    run one(std::move(with), std::move(order_id), std::move(how));
    co_return co_await one.to_the_certificate();
}

bool is_resumable(const failure& why)
{
    // An answer that makes no sense says nothing of the order; a 404 without a problem document does.
    return is_for_later(why) || (why.what == failure::kind::malformed && why.status < 300);
}

}  // namespace lintel::acme
