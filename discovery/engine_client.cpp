#include "discovery/engine_client.hpp"

#include "base/text.hpp"
#include "discovery/engine_events.hpp"
#include "net/error.hpp"

#include <nlohmann/json.hpp>

namespace lintel::discovery {

using namespace std::chrono_literals;

namespace {

using nlohmann::json;

struct api_version {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;

    auto operator<=>(const api_version&) const = default;
    std::string text() const { return std::to_string(major) + '.' + std::to_string(minor); }
};
constexpr api_version newest_known{1, 52};

/// "1.41" → {1, 41}
std::optional<api_version> parse_version(std::string_view written)
{
    auto dot = written.find('.');
    auto major = text::parse_decimal(written.substr(0, dot));
    auto minor = dot == std::string_view::npos ? std::nullopt : text::parse_decimal(written.substr(dot + 1));
    if (!major || !minor) return {};
    return api_version{*major, *minor};
}

std::string text_of(const json& object, const char* key)
{
    auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Podman names itself among its components; Docker's are "Engine" and its helpers.
bool is_podman(const json& version)
{
    auto components = version.find("Components");
    if (components == version.end() || !components->is_array()) return false;
    return std::ranges::any_of(*components,
                               [](const json& each) { return text_of(each, "Name").starts_with("Podman"); });
}

bool is_escaping_free(std::string_view name)
{
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return text::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

/// What the engine says of an error: {"message": …}, or text.
std::string message_of(const std::string& body)
{
    auto message = text_of(json::parse(body, nullptr, false), "message");
    return text::printable(message.empty() ? body : message, 300);
}

label_map labels_of(const json& item)
{
    label_map labels;
    auto written = item.find("Labels");
    if (written == item.end() || !written->is_object()) return labels;
    for (const auto& [key, value] : written->items()) {
        if (value.is_string()) labels.emplace(key, value.get<std::string>());
    }
    return labels;
}

}  // namespace

checked<engine_facts> negotiate(std::string_view version_json)
{
    auto version = json::parse(version_json, nullptr, false);
    auto newest = parse_version(text_of(version, "ApiVersion"));
    if (!newest) return std::unexpected(problem{"", "what answers there is no container engine"});
    auto ours = std::min(*newest, newest_known);
    auto floor = parse_version(text_of(version, "MinAPIVersion"));
    if (floor && ours < *floor) {
        return std::unexpected(problem{"", "the engine speaks API " + floor->text() + " and later, this Lintel up to " +
                                               newest_known.text() + ": update Lintel"});
    }
    return engine_facts{is_podman(version) ? "Podman" : "Docker", text_of(version, "Version"), ours.text()};
}

task<checked<engine_facts>> engine_client::connect()
{
    prefix_.clear();
    auto pong = co_await get("/_ping");
    if (!pong) co_return std::unexpected(pong.error());
    auto version = co_await get("/version");
    if (!version) co_return std::unexpected(version.error());
    auto facts = negotiate(version->body);
    if (!facts) co_return std::unexpected(problem{socket_, socket_ + ": " + facts.error().what});
    prefix_ = "/v" + facts->api;
    co_return facts;
}

task<bool> engine_client::answers()
{
    auto request = request_for("/_ping");
    request.timeout = 5s;
    auto answer = co_await fetcher_.fetch(std::move(request));
    co_return answer && answer->status == 200;
}

task<checked<std::vector<engine_client::listed>>> engine_client::list()
{
    auto answer = co_await get(prefix_ + "/containers/json?all=1");
    if (!answer) co_return std::unexpected(answer.error());
    auto items = json::parse(answer->body, nullptr, false);
    if (!items.is_array()) co_return std::unexpected(problem{socket_, "the engine's list of containers can't be read"});
    std::vector<listed> all;
    for (const auto& item : items) {
        if (auto id = text_of(item, "Id"); !id.empty()) all.push_back({std::move(id), labels_of(item)});
    }
    co_return all;
}

task<checked<std::optional<container>>> engine_client::inspect(std::string id)
{
    if (!is_escaping_free(id)) co_return std::nullopt;
    auto answer = co_await fetcher_.fetch(request_for(prefix_ + "/containers/" + id + "/json"));
    if (!answer) co_return std::unexpected(explain(answer.error()));
    if (answer->status == 404) co_return std::nullopt;
    if (answer->status != 200) co_return std::unexpected(explain(*answer));
    auto what = read_container(answer->body);
    if (!what)
        co_return std::unexpected(problem{socket_, "the engine's description of container " + id + " can't be read"});
    co_return what;
}

task<problem> engine_client::follow_events(std::string since, std::function<void(std::string_view)> on_data)
{
    auto request = request_for(prefix_ + events_path(since));
    request.timeout = 0s;
    request.on_data = std::move(on_data);
    auto answer = co_await fetcher_.fetch(std::move(request));
    bool broke_off = !answer && answer.error().code == net::errc::end_of_stream;
    if (!answer && !broke_off) co_return explain(answer.error());
    if (answer && answer->status != 200) co_return explain(*answer);
    co_return problem{socket_, "the engine at " + socket_ + " ended its event stream; is it restarting?"};
}

http::fetch_request engine_client::request_for(std::string path) const
{
    http::fetch_request request;
    request.url = "http://docker" + std::move(path);
    request.unix_socket = socket_;
    return request;
}

/// A call that must answer 200.
task<checked<http::fetch_response>> engine_client::get(std::string path)
{
    auto answer = co_await fetcher_.fetch(request_for(std::move(path)));
    if (!answer) co_return std::unexpected(explain(answer.error()));
    if (answer->status != 200) co_return std::unexpected(explain(*answer));
    co_return std::move(*answer);
}

problem engine_client::explain(const http::fetch_failure& failure) const
{
    using boost::system::errc::make_error_condition;
    auto is = [&](boost::system::errc::errc_t what) { return failure.code == make_error_condition(what); };
    if (is(boost::system::errc::no_such_file_or_directory) || is(boost::system::errc::connection_refused)) {
        return {socket_,
                "no engine answers at " + socket_ + ": start Docker, or name another with --engine, or --engine off"};
    }
    if (is(boost::system::errc::permission_denied)) {
        return {socket_, "no right to open " + socket_ +
                             ": run as root or add the user to the docker group: sudo usermod -aG " +
                             "docker $USER, then log in again"};
    }
    return {socket_, "the engine at " + socket_ + " doesn't answer: " + failure.why};
}

problem engine_client::explain(const http::fetch_response& answer) const
{
    return {socket_,
            "the engine at " + socket_ + " answers " + std::to_string(answer.status) + ": " + message_of(answer.body)};
}

}  // namespace lintel::discovery
