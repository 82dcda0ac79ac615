#include "discovery/carry_over.hpp"

#include "model/unresolved.hpp"

#include <algorithm>

namespace lintel::discovery {

namespace {

class silent_sources {
public:
    silent_sources(const catalogue& sources, bool engine_answered)
        : sources_(sources), engine_is_silent_(!engine_answered && sources.providers().contains("docker"))
    {
    }

    bool any() const { return engine_is_silent_ || files_have_problems(); }

    /// `source` as fragments write it: "container NAME (ID)" or "file PATH".
    bool include(const std::string& source) const
    {
        if (source.starts_with("container ")) return engine_is_silent_;
        constexpr std::string_view file = "file ";
        return source.starts_with(file) && is_broken(source.substr(file.size()));
    }

private:
    bool files_have_problems() const
    {
        auto files = sources_.providers().find("file");
        return files != sources_.providers().end() && !files->second.problems.empty();
    }

    bool is_broken(const std::string& path) const
    {
        if (!files_have_problems() || sources_.fragments().contains(path)) return false;
        return std::ranges::any_of(sources_.providers().at("file").problems, [&](const problem& each) {
            return each.where == path || each.where.starts_with(path + ":");
        });
    }

    const catalogue& sources_;
    bool engine_is_silent_;
};

template <class Object>
void add(model::objects<Object>& desired, const model::objects<Object>& last_good, const silent_sources& silent)
{
    for (const auto& [id, spec] : last_good) {
        if (silent.include(spec.source)) desired.emplace(id, spec);
    }
}

}  // namespace

void carry_over(model::snapshot& desired, const model::snapshot& last_good, const catalogue& sources,
                bool engine_answered)
{
    silent_sources silent(sources, engine_answered);
    if (!silent.any()) return;
    add(desired.routers, last_good.routers, silent);
    add(desired.tcp_routers, last_good.tcp_routers, silent);
    add(desired.tls_option_sets, last_good.tls_option_sets, silent);
    add(desired.transports, last_good.transports, silent);
    add(desired.services, last_good.services, silent);
    add(desired.endpoints, last_good.endpoints, silent);
    for (const auto& [id, spec] : last_good.certificates) {
        if (!spec.fallback) desired.certificates.emplace(id, spec);
    }
    model::close_unresolved(desired);
}

}  // namespace lintel::discovery
