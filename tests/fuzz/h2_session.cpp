// A client's bytes through all that an HTTP/2 connection does before a handler: scanner, rules, budget, nghttp2, heads
// and checks. Every request that is good is answered with a short body.

#include "http/h2_session.hpp"
#include "http/error.hpp"
#include "http/h2_budget.hpp"
#include "http/h2_frame_rules.hpp"
#include "http/h2_head.hpp"
#include "http/request_check.hpp"
#include "tests/fuzz/h2_frames.hpp"
#include "tests/fuzz/target.hpp"

#include <map>
#include <memory>

using namespace lintel;
using namespace lintel::fuzz;

namespace {

class side;

struct one_stream final : sending_stream {
    one_stream(side& owner, http::h2_stream_id number) : sending_stream("hello"), of(owner), id(number) {}

    void on_field(std::string_view name, std::string_view value) override { list.add(name, value, 64 * 1024); }
    void on_head(bool ends) override;
    void on_data(std::string_view bytes) override;

    side& of;
    http::h2_stream_id id;
    http::h2_field_list list;
    bool begun = false;
};

class side final : public http::h2_session::events {
public:
    void run(std::string_view bytes)
    {
        auto now = time_point();
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            auto piece = bytes.substr(at, step);
            bool good = scanner_.pass(piece, [&](const http::h2_frame_header& frame) {
                return rules_.judge(frame) == http::h2_code::no_error && budget_.on_frame(frame, now);
            });
            if (!good) session.terminate(http::h2_code::protocol_error);
            bool goes_on = good && session.receive(piece);
            answer();
            drain();
            if (!goes_on) break;
        }
        for (auto& [id, each] : streams_) {
            if (!each->closed()) session.reset(id, http::h2_code::cancel);
        }
        drain();
    }

    void good(http::h2_stream_id id) { good_.push_back(id); }

    http::h2_stream* on_stream(http::h2_stream_id id) override
    {
        if (streams_.size() > 1000) return nullptr;
        auto& made = streams_[id] = std::make_unique<one_stream>(*this, id);
        return made.get();
    }
    void on_invalid_request() override {}
    void on_reset_sent(http::h2_code) override {}
    void on_data_sent(std::size_t bytes, bool starved) override { budget_.on_sent(bytes, starved); }
    void on_pong() override {}

    http::h2_session session{http::h2_session::role::server, *this};

private:
    static constexpr std::size_t step = 4096;

    void answer()
    {
        std::vector<http::h2_field> head{{":status", "200"}};
        for (auto id : std::exchange(good_, {})) session.send_head(id, head, http::h2_session::head::with_body);
    }
    void drain()
    {
        for (std::size_t before = 1; before > 0;) {
            net::buffer out(pool_);
            session.produce(out, 16 * 1024);
            before = out.size();
        }
    }

    net::buffer_pool pool_;
    http::h2_frame_scanner scanner_{static_cast<std::uint32_t>(http::h2_preface.size())};
    http::h2_frame_rules rules_;
    http::h2_budget budget_{time_point()};
    std::map<http::h2_stream_id, std::unique_ptr<one_stream>> streams_;
    std::vector<http::h2_stream_id> good_;
};

void one_stream::on_head(bool)
{
    if (std::exchange(begun, true)) return;
    http::request_head head;
    if (!list.read({}, head)) return;
    for (const auto& each : head.fields) {
        require(http::is_token(each.name) && http::is_field_value(each.value));
        require(each.id != http::field_id::transfer_encoding && each.id != http::field_id::connection);
    }
    auto checked = http::check_request(head);
    if (!checked) return;
    require(head.path == "*" || head.path.starts_with('/'));
    require(!head.host.empty() && http::is_token(head.method));
    require(checked->body.what != http::framing::kind::chunked);
    of.good(id);
}

void one_stream::on_data(std::string_view bytes)
{
    require(!ended() && begun);
    of.session.consumed(id, bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    side server;
    server.run(std::string(http::h2_preface) + said(text_of(data, size)));
    return 0;
}
