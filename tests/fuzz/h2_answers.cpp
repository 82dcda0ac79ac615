// An app's bytes through all that a connection to it does before they are passed on: nghttp2 as a client, heads,
// lengths and trailers of the answers to three requests: a GET, a HEAD and a POST whose body is sent as the windows
// allow.

#include "http/framing.hpp"
#include "http/h2_head.hpp"
#include "http/h2_session.hpp"
#include "tests/fuzz/h2_frames.hpp"
#include "tests/fuzz/target.hpp"

#include <array>

using namespace lintel;
using namespace lintel::fuzz;

namespace {

class asked final : public sending_stream {
public:
    void begin(http::h2_session& session, std::string_view method, std::string_view body)
    {
        session_ = &session;
        method_ = method;
        body_ = body;
        std::array head{http::h2_field{":method", method}, http::h2_field{":scheme", "http"},
                        http::h2_field{":authority", "app.test"}, http::h2_field{":path", "/"}};
        auto how = body.empty() ? http::h2_session::head::whole : http::h2_session::head::with_body;
        id_ = session.begin(head, how, *this);
    }
    void give_up()
    {
        if (closed() || id_ == 0) return;
        session_->forget(id_);
        session_->reset(id_, http::h2_code::cancel);
    }

    void on_field(std::string_view name, std::string_view value) override
    {
        require(!closed());
        list_.add(name, value, http::h2_session::answer_list_bytes);
    }
    void on_head(bool ends) override
    {
        if (final_) {
            http::fields trailers;
            if (ends && list_.read_trailers({}, trailers)) judge(trailers);
            return list_.clear();
        }
        http::response_head head;
        if (list_.read({}, head)) {
            judge(head.fields);
            require(head.status >= 100 && head.status <= 999);
            final_ = head.status >= 200 && http::framing_of(head, method_).has_value();
        }
        list_.clear();
    }
    void on_data(std::string_view bytes) override
    {
        require(!ended() && !closed());
        session_->consumed(id_, bytes.size());
    }

private:
    static void judge(const http::fields& all)
    {
        for (const auto& each : all) {
            require(http::is_token(each.name) && http::is_field_value(each.value));
            require(each.id != http::field_id::transfer_encoding && each.id != http::field_id::connection);
        }
    }

    http::h2_session* session_ = nullptr;
    http::h2_stream_id id_ = 0;
    std::string_view method_;
    http::h2_field_list list_;
    bool final_ = false;
};

class side final : public http::h2_session::events {
public:
    void run(std::string_view bytes)
    {
        static const std::string body(100'000, 'x');
        requests_[0].begin(session_, "GET", "");
        requests_[1].begin(session_, "HEAD", "");
        requests_[2].begin(session_, "POST", body);
        drain();
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            bool goes_on = session_.receive(bytes.substr(at, step));
            drain();
            if (!goes_on) break;
        }
        for (auto& each : requests_) each.give_up();
        drain();
    }

    http::h2_stream* on_stream(http::h2_stream_id) override { return nullptr; }
    void on_invalid_request() override {}
    void on_reset_sent(http::h2_code) override {}
    void on_data_sent(std::size_t, bool) override {}
    void on_pong() override {}

private:
    static constexpr std::size_t step = 4096;

    void drain()
    {
        for (std::size_t before = 1; before > 0;) {
            net::buffer out(pool_);
            session_.produce(out, 16 * 1024);
            before = out.size();
        }
    }

    net::buffer_pool pool_;
    std::array<asked, 3> requests_;
    http::h2_session session_{http::h2_session::role::client, *this};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    side app_is_there;
    app_is_there.run(said(text_of(data, size)));
    return 0;
}
