#include "model/json.hpp"

#include "model/json_specs.hpp"

#include <nlohmann/json.hpp>

namespace lintel::model {

using json = nlohmann::json;

namespace {

/// No number of ours has a fraction, and converting one that is out of range is undefined.
bool refuse_fractions(int, json::parse_event_t event, json& value)
{
    if (event == json::parse_event_t::value && value.is_number_float())
        throw std::invalid_argument("a number is not whole");
    return true;
}

/// The kinds of objects and where each lives: the one place that a new kind is added to.
template <class Visitor>
void for_each_kind(delta& step, Visitor visit)
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

}  // namespace lintel::model
