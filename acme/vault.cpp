#include "acme/vault.hpp"

#include "base/log.hpp"

namespace lintel::acme {

namespace {

const std::string& key_of(const store::certificate_record& of) { return of.id; }
const std::string& key_of(const store::account_record& of) { return of.directory; }
const std::string& key_of(const store::order_record& of) { return of.id; }
const std::string& key_of(const store::setback_record& of) { return of.subject; }
const std::string& key_of(const store::bucket_record& of) { return of.key; }

/// As the disk does it: what is erased first may be put again.
template <class Record>
void apply(store::table<Record>& all, const store::table_changes<Record>& step)
{
    for (const auto& key : step.erase) all.erase(key);
    for (const auto& each : step.put) all.insert_or_assign(key_of(each), each);
}

}  // namespace

checked<vault> vault::open(std::unique_ptr<store::records> on_disk)
{
    auto all = on_disk->load();
    if (!all) return std::unexpected(all.error());
    return vault(std::move(on_disk), std::move(*all));
}

checked<void> vault::commit(const store::changes& step)
{
    auto written = on_disk_->commit(step);
    if (!written) {
        trouble_ = written.error().where + ": " + written.error().what;
        log::error("store.not_written", {{"where", written.error().where}, {"why", written.error().what}});
        return written;
    }
    trouble_.clear();
    apply(contents_.certificates, step.certificates);
    apply(contents_.accounts, step.accounts);
    apply(contents_.orders, step.orders);
    apply(contents_.setbacks, step.setbacks);
    apply(contents_.buckets, step.buckets);
    return {};
}

}  // namespace lintel::acme
