#include "model/json.hpp"

#include <nlohmann/json.hpp>

namespace lintel::model {

using json = nlohmann::json;

namespace {

constexpr std::array<std::pair<readiness, std::string_view>, 7> readiness_names{{
    {readiness::probe, "probe"},
    {readiness::ready, "ready"},
    {readiness::starting, "starting"},
    {readiness::unhealthy, "unhealthy"},
    {readiness::paused, "paused"},
    {readiness::stopped, "stopped"},
    {readiness::unconfirmed, "unconfirmed"},
}};

readiness readiness_of(std::string_view name)
{
    for (auto [value, known] : readiness_names) {
        if (known == name) return value;
    }
    throw std::invalid_argument("unknown readiness " + std::string(name));
}

/// No number of ours has a fraction, and converting one that is out of range is undefined.
bool refuse_fractions(int, json::parse_event_t event, json& value)
{
    if (event == json::parse_event_t::value && value.is_number_float())
        throw std::invalid_argument("a number is not whole");
    return true;
}

/// Reads a field into its place when it is there; a field of the wrong type throws.
template <class Value>
void read(const json& from, const char* key, Value& into)
{
    if (auto found = from.find(key); found != from.end()) found->get_to(into);
}

json spec_of(const router& r)
{
    json spec{{"rule", r.rule}, {"entrypoints", r.entrypoints}, {"source", r.source}};
    if (r.priority != 0) spec["priority"] = r.priority;
    if (!r.service.empty()) spec["service"] = r.service;
    if (r.redirect_to_https) spec["redirect_to_https"] = true;
    if (!r.refusal.empty()) spec["refusal"] = r.refusal;
    if (!r.options.empty()) spec["options"] = r.options;
    return spec;
}

void read_spec(const json& spec, router& into)
{
    read(spec, "rule", into.rule);
    read(spec, "priority", into.priority);
    read(spec, "entrypoints", into.entrypoints);
    read(spec, "service", into.service);
    read(spec, "redirect_to_https", into.redirect_to_https);
    read(spec, "refusal", into.refusal);
    read(spec, "options", into.options);
    read(spec, "source", into.source);
}

json spec_of(const service& s)
{
    json spec{{"endpoints", s.endpoints}, {"source", s.source}};
    if (!s.pass_host) spec["pass_host"] = false;
    return spec;
}

void read_spec(const json& spec, service& into)
{
    read(spec, "endpoints", into.endpoints);
    read(spec, "pass_host", into.pass_host);
    read(spec, "source", into.source);
}

json spec_of(const endpoint& e)
{
    json spec{{"host", e.host}, {"port", e.port}, {"ready", name_of(e.ready)}, {"source", e.source}};
    if (e.draining) spec["draining"] = true;
    return spec;
}

void read_spec(const json& spec, endpoint& into)
{
    read(spec, "host", into.host);
    auto port = spec.value("port", std::int64_t{0});
    if (port < 0 || port > UINT16_MAX) throw std::invalid_argument("there is no port " + std::to_string(port));
    into.port = static_cast<std::uint16_t>(port);
    into.ready = readiness_of(spec.value("ready", "probe"));
    read(spec, "draining", into.draining);
    read(spec, "source", into.source);
}

json spec_of(const certificate& c)
{
    json spec{{"names", c.names}};
    if (!c.chain_pem.empty()) spec["chain_pem"] = c.chain_pem;
    if (!c.key_pem.empty()) spec["key_pem"] = c.key_pem;
    if (!c.chain_file.empty()) spec["chain_file"] = c.chain_file;
    if (!c.key_file.empty()) spec["key_file"] = c.key_file;
    if (c.fallback) spec["fallback"] = true;
    return spec;
}

void read_spec(const json& spec, certificate& into)
{
    read(spec, "names", into.names);
    read(spec, "chain_pem", into.chain_pem);
    read(spec, "key_pem", into.key_pem);
    read(spec, "chain_file", into.chain_file);
    read(spec, "key_file", into.key_file);
    read(spec, "fallback", into.fallback);
}

/// The kinds of objects and where each lives: the one place that a new kind is added to.
template <class Visitor>
void for_each_kind(delta& step, Visitor visit)
{
    visit("certificate", step.upsert.certificates, step.remove.certificates);
    visit("endpoint", step.upsert.endpoints, step.remove.endpoints);
    visit("service", step.upsert.services, step.remove.services);
    visit("router", step.upsert.routers, step.remove.routers);
}

struct item {
    const char* list;  // "upsert" or "remove"
    json value;
};

std::vector<item> items_of(delta& step)
{
    std::vector<item> items;
    for_each_kind(step, [&](const char* kind, auto& upsert, auto& remove) {
        for (const auto& [id, spec] : upsert)
            items.push_back({"upsert", {{"kind", kind}, {"id", id}, {"spec", spec_of(spec)}}});
        for (const auto& id : remove) items.push_back({"remove", {{"kind", kind}, {"id", id}}});
    });
    return items;
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

json empty_frame(const delta& step)
{
    json frame{{"base", step.base}, {"version", step.version}, {"upsert", json::array()}, {"remove", json::array()}};
    if (step.reset) frame["reset"] = true;
    return frame;
}

std::string text_of(const json& value, int indent = -1)
{
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::vector<std::string> encode(const delta& step, std::size_t limit_bytes)
{
    auto copy = step;
    std::vector<std::string> texts;
    auto frame = empty_frame(step);
    std::size_t filled = 0;
    for (auto& [list, value] : items_of(copy)) {
        auto size = text_of(value).size() + 1;
        if (filled > 0 && filled + size > limit_bytes) {
            texts.push_back(text_of(frame));
            frame = empty_frame(step);
            filled = 0;
        }
        frame[list].push_back(std::move(value));
        filled += size;
    }
    frame["commit"] = true;
    texts.push_back(text_of(frame));
    return texts;
}

std::string encode_snapshot(const snapshot& whole)
{
    delta step;
    step.reset = true;
    step.upsert = whole;
    auto frame = empty_frame(step);
    for (auto& [list, value] : items_of(step)) frame[list].push_back(std::move(value));
    frame["commit"] = true;
    return text_of(frame, 1) + "\n";
}

checked<bool> decode(std::string_view text, delta& step)
{
    try {
        auto frame = json::parse(text, refuse_fractions);
        step.base = frame.value("base", std::uint64_t{0});
        step.version = frame.value("version", std::uint64_t{0});
        step.reset = frame.value("reset", false);
        for (const auto& object : frame.value("upsert", json::array())) take_upsert(step, object);
        for (const auto& object : frame.value("remove", json::array())) take_removal(step, object);
        return frame.value("commit", false);
    } catch (const std::exception& failure) {
        return std::unexpected(problem{"", failure.what()});
    }
}

std::string_view name_of(readiness ready)
{
    for (auto [value, name] : readiness_names) {
        if (value == ready) return name;
    }
    return "";
}

}  // namespace lintel::model
