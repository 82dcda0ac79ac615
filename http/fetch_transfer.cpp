#include "http/fetch_transfer.hpp"

#include "base/text.hpp"
#include "net/error.hpp"

#include <curl/curl.h>

#include <cassert>
#include <new>

namespace lintel::http {

namespace {

constexpr long connect_timeout_ms = 10'000;

error_code system_error(int number) { return {number, boost::system::system_category()}; }

/// The URL without what may be secret: user, password and query.
std::string for_people(const fetch_request& request)
{
    auto url = request.url.substr(0, request.url.find_first_of("?#"));
    auto authority = url.find("://");
    authority = authority == std::string::npos ? 0 : authority + 3;
    auto at = url.substr(authority, url.find('/', authority) - authority).rfind('@');
    if (at != std::string::npos) url.erase(authority, at + 1);
    auto over = request.unix_socket.empty() ? "" : " over " + request.unix_socket;
    return text::printable(request.method + ' ' + url + over, 400);
}

fetch_failure failure_of(const fetch_request& request, error_code code, std::string_view why)
{
    return {code, for_people(request) + ": " + std::string(why)};
}

bool is_one_line(std::string_view part)
{
    return std::ranges::none_of(part, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool head_is_clean(const fetch_request& request)
{
    auto clean = [](const auto& field) { return is_one_line(field.first) && is_one_line(field.second); };
    return is_one_line(request.method) && is_one_line(request.url) && std::ranges::all_of(request.fields, clean);
}

/// What curl's verdict is in the system's words. `number`: the errno of the last failed call, 0 when there is none.
error_code code_of(CURLcode verdict, int number)
{
    switch (verdict) {
        case CURLE_OPERATION_TIMEDOUT: return system_error(ETIMEDOUT);
        case CURLE_COULDNT_RESOLVE_HOST: return net::errc::name_not_found;
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE: return net::errc::end_of_stream;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL: return system_error(EINVAL);
        case CURLE_COULDNT_CONNECT: return system_error(number != 0 ? number : ECONNREFUSED);
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR: return system_error(number != 0 ? number : ECONNRESET);
        default: return system_error(EPROTO);
    }
}

}  // namespace

void fetch_call::take(std::string_view bytes)
{
    if (ended) return;
    on_data(bytes);
    auto before = queued_bytes.fetch_sub(bytes.size());
    bool caught_up = before >= window_bytes && before - bytes.size() < window_bytes;
    if (caught_up && !ended) resume();
}

void fetch_call::end(fetch_outcome how)
{
    if (ended) return;
    ended = std::move(how);
    finished.notify();
}

fetch_transfer::fetch_transfer(void* multi, net::event_loop& home, std::shared_ptr<fetch_call> caller,
                               fetch_request request)
    : multi_(multi), home_(home), caller_(std::move(caller)), request_(std::move(request)), streams_(request_.on_data)
{
}

fetch_transfer::~fetch_transfer()
{
    if (easy_) curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(fields_);
    curl_slist_free_all(connect_to_);
    // The caller's side and both closures of the caller's are freed on the caller's thread.
    home_.post([caller = std::move(caller_), on_data = std::move(request_.on_data)] {});
}

bool fetch_transfer::start()
{
    if (!head_is_clean(request_)) {
        tell(std::unexpected(failure_of(request_, system_error(EINVAL), "a line break in the request's head")));
        return false;
    }
    easy_ = curl_easy_init();
    if (!easy_) throw std::bad_alloc();
    set_up();
    set_request();
    curl_multi_add_handle(multi_, easy_);
    return true;
}

template <class Value>
void fetch_transfer::set(int option, Value value)
{
    auto refused = curl_easy_setopt(easy_, static_cast<CURLoption>(option), value);
    if (refused == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    assert(refused == CURLE_OK);
}

void fetch_transfer::set_up()
{
    static_assert(sizeof(said_) >= CURL_ERROR_SIZE);
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // else ending a transfer waits for its name lookup
    set(CURLOPT_ERRORBUFFER, said_.data());
    set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
    auto limit = std::chrono::ceil<std::chrono::milliseconds>(request_.timeout);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    set(CURLOPT_WRITEFUNCTION, &fetch_transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &fetch_transfer::on_field);
    set(CURLOPT_HEADERDATA, this);
    if (request_.once) set(CURLOPT_FRESH_CONNECT, 1L);
    if (!request_.ca_file.empty()) set(CURLOPT_CAINFO, request_.ca_file.c_str());
    set(CURLOPT_SSL_VERIFYPEER, request_.verify ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, request_.verify ? 2L : 0L);
    if (!request_.connect_to.empty()) {
        connect_to_ = curl_slist_append(nullptr, ("::" + request_.connect_to).c_str());
        if (!connect_to_) throw std::bad_alloc();
        set(CURLOPT_CONNECT_TO, connect_to_);
    }
    if (!request_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
    bool dials = !request_.unix_socket.empty() || !request_.connect_to.empty();
    if (dials) set(CURLOPT_PROXY, "");  // whatever the environment says, nothing stands between us and what we dial
}

void fetch_transfer::set_request()
{
    bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
    if (has_body) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.data());
        add_field("Content-Type:");  // curl would call it a form; the caller's own field is sent all the same
    }
    if (request_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    add_field("Expect:");
    for (const auto& [name, value] : request_.fields) add_field(value.empty() ? name + ';' : name + ": " + value);
    set(CURLOPT_HTTPHEADER, fields_);
}

void fetch_transfer::add_field(const std::string& line)
{
    auto* longer = curl_slist_append(fields_, line.c_str());
    if (!longer) throw std::bad_alloc();
    fields_ = longer;
}

std::size_t fetch_transfer::on_body(char* bytes, std::size_t, std::size_t count, void* self)
{
    return static_cast<fetch_transfer*>(self)->take_body({bytes, count});
}

std::size_t fetch_transfer::on_field(char* bytes, std::size_t, std::size_t count, void* self)
{
    static_cast<fetch_transfer*>(self)->take_field({bytes, count});
    return count;
}

int fetch_transfer::status() const
{
    long code = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
}

std::size_t fetch_transfer::take_body(std::string_view bytes)
{
    if (!streams_ || status() / 100 != 2) {
        too_long_ = bytes.size() > request_.limit_bytes - response_.body.size();
        if (too_long_) return CURL_WRITEFUNC_ERROR;
        response_.body += bytes;
        return bytes.size();
    }
    // The reader asks to resume when it has come below the window, so always after this look.
    if (caller_->queued_bytes >= fetch_call::window_bytes) return CURL_WRITEFUNC_PAUSE;
    caller_->queued_bytes += bytes.size();
    home_.post([caller = caller_, piece = std::string(bytes)] { caller->take(piece); });
    return bytes.size();
}

void fetch_transfer::take_field(std::string_view line)
{
    if (line.starts_with("HTTP/")) response_.fields.clear();  // an interim head came before
    auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    auto value = line.substr(colon + 1);
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    response_.fields.emplace_back(text::lower(line.substr(0, colon)), text::trim(value));
}

void fetch_transfer::resume() { curl_easy_pause(easy_, CURLPAUSE_CONT); }

void fetch_transfer::finish(int verdict)
{
    auto ended = static_cast<CURLcode>(verdict);
    if (ended == CURLE_OK) {
        response_.status = status();
        return tell(std::move(response_));
    }
    if (too_long_) {
        auto why = "the answer is longer than " + std::to_string(request_.limit_bytes) + " bytes";
        return tell(std::unexpected(failure_of(request_, system_error(EMSGSIZE), why)));
    }
    long number = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number);
    auto code = code_of(ended, static_cast<int>(number));
    std::string why = said_[0] != '\0' ? said_.data() : curl_easy_strerror(ended);
    if (number != 0) why += " (" + code.message() + ')';
    tell(std::unexpected(failure_of(request_, code, why)));
}

void fetch_transfer::tell(fetch_outcome how)
{
    home_.post([caller = caller_, how = std::move(how)]() mutable { caller->end(std::move(how)); });
}

}  // namespace lintel::http
