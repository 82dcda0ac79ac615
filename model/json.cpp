#include "model/json.hpp"

#include "model/json_specs.hpp"

#include <nlohmann/json.hpp>

namespace lintel::model {

using json = nlohmann::json;

namespace {

/// No number of ours has a fraction, and converting one that is out of range is undefined.
void refuse_fractions(const json& value)
{
    if (value.is_number_float()) throw std::invalid_argument("a number is not whole");
    if (!value.is_structured()) return;
    for (const auto& each : value) refuse_fractions(each);
}

/// The kinds of objects and where each lives: the one place that a new kind is added to.
template <class Delta, class Visitor>
void for_each_kind(Delta& step, Visitor visit)
{
    visit("certificate", step.upsert.certificates, step.remove.certificates);
    visit("tls_options", step.upsert.tls_option_sets, step.remove.tls_option_sets);
    visit("transport", step.upsert.transports, step.remove.transports);
    visit("endpoint", step.upsert.endpoints, step.remove.endpoints);
    visit("service", step.upsert.services, step.remove.services);
    visit("router", step.upsert.routers, step.remove.routers);
    visit("challenge", step.upsert.challenges, step.remove.challenges);
    visit("tcp_router", step.upsert.tcp_routers, step.remove.tcp_routers);
}

enum class list { upsert, remove };

/// `take(list, value)` gets every object of a step.
template <class Taker>
void for_each_item(const delta& step, Taker take)
{
    for_each_kind(step, [&](const char* kind, const auto& upsert, const auto& remove) {
        for (const auto& [id, spec] : upsert)
            take(list::upsert, json{{"kind", kind}, {"id", id}, {"spec", spec_of(spec)}});
        for (const auto& id : remove) take(list::remove, json{{"kind", kind}, {"id", id}});
    });
}

void take_upsert(delta& step, const json& object)
{
    auto kind = object.at("kind").get<std::string>();
    const auto& spec = object.at("spec");
    if (!spec.is_object()) throw std::invalid_argument("the spec of a " + kind + " is not an object");
    bool known = false;
    for_each_kind(step, [&](const char* name, auto& upsert, auto&) {
        if (kind != name) return;
        known = true;
        read_spec(spec, upsert[object.at("id").get<std::string>()]);
    });
    if (!known) throw std::invalid_argument("unknown kind " + kind);
}

void take_removal(delta& step, const json& object)
{
    auto kind = object.at("kind").get<std::string>();
    for_each_kind(step, [&](const char* name, auto&, auto& remove) {
        if (kind == name) remove.push_back(object.at("id").get<std::string>());
    });
}

const json& list_in(const json& body, const char* key)
{
    static const json none = json::array();
    auto found = body.find(key);
    return found == body.end() ? none : *found;
}

std::string text_of(const json& value, int indent = -1)
{
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

/// One text in the making. Objects become text once, when they are added: there may be thousands, with long texts.
class frame {
public:
    void add(list where, std::string text)
    {
        auto& into = where == list::upsert ? upserts_ : removals_;
        if (!into.empty()) into += ',';
        into += text;
    }
    std::size_t size() const { return upserts_.size() + removals_.size(); }

    std::string close(const delta& step, bool commits)
    {
        auto text = "{\"base\":" + std::to_string(step.base) + ",\"version\":" + std::to_string(step.version);
        if (step.reset) text += ",\"reset\":true";
        text += ",\"upsert\":[" + std::exchange(upserts_, {}) + "],\"remove\":[" + std::exchange(removals_, {}) + ']';
        return text + (commits ? ",\"commit\":true}" : "}");
    }

private:
    std::string upserts_, removals_;
};

}  // namespace

std::vector<std::string> encode(const delta& step, std::size_t limit_bytes)
{
    std::vector<std::string> texts;
    frame open;
    for_each_item(step, [&](list where, const json& value) {
        auto text = text_of(value);
        if (open.size() > 0 && open.size() + text.size() > limit_bytes) texts.push_back(open.close(step, false));
        open.add(where, std::move(text));
    });
    texts.push_back(open.close(step, true));
    return texts;
}

std::string encode_snapshot(const snapshot& whole)
{
    delta step;
    step.upsert = whole;
    json all{{"base", 0}, {"version", 0}, {"reset", true}, {"upsert", json::array()}, {"remove", json::array()}};
    for_each_item(step, [&](list, json value) { all["upsert"].push_back(std::move(value)); });
    all["commit"] = true;
    return text_of(all, 1) + "\n";
}

checked<bool> decode(std::string_view text, delta& step)
{
    try {
        auto body = json::parse(text);
        refuse_fractions(body);
        step.base = body.value("base", std::uint64_t{0});
        step.version = body.value("version", std::uint64_t{0});
        step.reset = body.value("reset", false);
        for (const auto& object : list_in(body, "upsert")) take_upsert(step, object);
        for (const auto& object : list_in(body, "remove")) take_removal(step, object);
        return body.value("commit", false);
    } catch (const std::exception& failure) {
        return std::unexpected(problem{"", failure.what()});
    }
}

}  // namespace lintel::model
