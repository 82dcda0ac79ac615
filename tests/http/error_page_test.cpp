#include "http/error_page.hpp"

#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace lintel::http {

static std::ostream& operator<<(std::ostream& out, form what)
{
    constexpr std::array names{"plain", "html", "json"};
    return out << names[static_cast<std::size_t>(what)];
}

namespace {

form form_for(std::string_view accept)
{
    fields of;
    of.add("Accept", accept);
    return preferred_form(of);
}

TEST(Accept, DecidesTheForm)
{
    struct row {
        const char* accept;
        form expected;
    };
    for (auto [accept, expected] : {
             row{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
                 "application/signed-exchange;v=b3;q=0.7",
                 form::html},
             row{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", form::html},
             row{"*/*", form::plain},
             row{"", form::plain},
             row{"text/plain", form::plain},
             row{"text/*", form::plain},
             row{"image/png", form::plain},
             row{"image/avif,image/webp,*/*;q=0.8", form::plain},
             row{"application/json", form::json},
             row{"application/problem+json", form::json},
             row{"application/vnd.api+json", form::json},
             row{"*/json", form::json},
             row{"APPLICATION/JSON", form::json},
             row{"application/*", form::json},
             row{"application/json, text/plain, */*", form::json},
             row{"application/json, text/javascript, */*; q=0.01", form::json},
             row{"text/plain, application/json", form::plain},
             row{"text/html, application/json", form::html},
             row{"application/json, text/html", form::json},
             row{"*/*, text/html", form::html},
             row{"text/html;q=0.5, application/json;q=0.9", form::json},
             row{"text/html;q=0.9, application/json;q=0.5", form::html},
             row{"text/html;q=0.1, */*", form::plain},
             row{"text/html;q=0.001, text/plain;q=0", form::html},
             row{"text/html;level=1;q=0.4, application/json;q=0.3", form::html},
             row{"text/html;Q=0.2, application/json;q=0.3", form::json},
             row{"*/*;q=0.5, text/*;q=0.1", form::json},
             row{"text/html;q=0", form::plain},
             row{"*/*;q=0", form::plain},
             row{" , ,, application/json ,", form::json},
         }) {
        EXPECT_EQ(form_for(accept), expected) << accept;
    }
}

TEST(Accept, CountsMalformedPartsForNothing)
{
    for (const auto* accept :
         {"text", "text/", "/html", "text/html/x", "te xt/html", "text/html;q=2", "text/html;q=1.001", "text/html;q=-1",
          "text/html;q=", "text/html;q=0.0001", "text/html;q=x", "text/html;q=0x5", ";;;", "html", "\"text/html\""}) {
        EXPECT_EQ(form_for(accept), form::plain) << accept;
        EXPECT_EQ(form_for(std::string(accept) + ", application/json;q=0.1"), form::json) << accept;
    }
}

TEST(Accept, MayComeInSeveralFieldsOrNone)
{
    EXPECT_EQ(preferred_form({}), form::plain);
    fields of;
    of.add("accept", "text/html;q=0.5");
    of.add("Accept-Encoding", "application/json");
    EXPECT_EQ(preferred_form(of), form::html);
    of.add("ACCEPT", "application/json");
    EXPECT_EQ(preferred_form(of), form::json);
}

TEST(Accept, IsReadToALimitOnly)
{
    std::string ranges, long_range = "a/" + std::string(3000, 'b');
    for (int i = 0; i < 31; ++i) ranges += "a/b,";
    EXPECT_EQ(form_for(ranges + "text/html"), form::html);
    EXPECT_EQ(form_for(ranges + "a/b,text/html"), form::plain);
    EXPECT_EQ(form_for("text/html," + long_range), form::html);
    EXPECT_EQ(form_for(long_range + ",text/html"), form::plain);
}

const notice refused{502, "refused", "The app refuses connections.", "Start it."};

TEST(ErrorPage, IsOneLineForTerminals)
{
    auto made = make_page(refused, form::plain);
    EXPECT_EQ(made.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(made.body, "The app refuses connections. Lintel answered 502 Bad Gateway (refused). Start it.\n");
}

TEST(ErrorPage, IsProblemDetailsForPrograms)
{
    auto made = make_page(refused, form::json);
    EXPECT_EQ(made.content_type, "application/problem+json");
    EXPECT_EQ(made.body, R"({"type":"about:blank","title":"Bad Gateway","status":502,)"
                         R"("detail":"The app refuses connections.","reason":"refused","advice":"Start it."})"
                         "\n");
}

TEST(ErrorPage, IsSelfContainedForPeople)
{
    auto made = make_page(refused, form::html);
    EXPECT_EQ(made.content_type, "text/html; charset=utf-8");
    for (const auto* part :
         {"<!doctype html>", "<html lang=\"en\">", "<title>502 Bad Gateway</title>", "<h1>502 Bad Gateway</h1>",
          "<p>The app refuses connections.</p>", "<p>Start it.</p>", "<code>refused</code>", "color-scheme:light dark",
          "<meta name=\"robots\" content=\"noindex\">", "<meta charset=\"utf-8\">"}) {
        EXPECT_TRUE(made.body.contains(part)) << part;
    }
    for (const auto* part : {"<script", "<link", "<img", "src=", "href=", "url(", "http:", "https:", "@import"}) {
        EXPECT_FALSE(made.body.contains(part)) << part;
    }
    EXPECT_LT(made.body.size(), 2048U);
}

TEST(ErrorPage, EscapesWhatItSays)
{
    notice odd{503, "<b>", "a<b>&\"c'\\\n\x01 ü", "</main><script>"};
    auto html = make_page(odd, form::html).body;
    EXPECT_TRUE(html.contains("<p>a&lt;b&gt;&amp;&quot;c&#39;\\\n\x01 ü</p>")) << html;
    EXPECT_TRUE(html.contains("<p>&lt;/main&gt;&lt;script&gt;</p>")) << html;
    EXPECT_TRUE(html.contains("<code>&lt;b&gt;</code>")) << html;
    auto json = make_page(odd, form::json).body;
    EXPECT_TRUE(json.contains(R"("detail":"a<b>&\"c'\\\u000a\u0001 ü")")) << json;
}

TEST(ErrorPage, SaysTheStatusInEveryForm)
{
    for (int status : {400, 404, 405, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505}) {
        for (auto as : {form::plain, form::html, form::json}) {
            auto body = make_page({status, "r", "S.", "A."}, as).body;
            EXPECT_TRUE(body.contains(std::to_string(status))) << status;
            EXPECT_TRUE(body.contains(reason_phrase(status))) << status;
            EXPECT_FALSE(body.contains("Unknown")) << status;
        }
    }
}

/// An exchange that keeps what it is answered with.
class recorded final : public exchange {
public:
    const request_head& request() const override { return head; }
    body_source& body() override { return nothing; }
    task<result<void>> inform(const response_head&) override { co_return result<void>{}; }
    now_or_later<result<void>> respond(const response_head& answer, body_source&) override
    {
        for (const auto& each : answer.fields) said += std::string(each.name) + ": " + std::string(each.value) + '\n';
        status = answer.status;
        return result<void>{};
    }
    task<result<void>> accept_tunnel(const response_head&, tunnel_keeper) override
    {
        co_return error_code(boost::system::errc::make_error_code(boost::system::errc::operation_not_supported));
    }
    void abort() override {}
    bool client_gone() const override { return false; }
    bool response_started() const override { return false; }
    void use(const model::http_options&) override {}
    const net::stream& connection() const override { std::abort(); }

    request_head head;
    memory_body nothing{""};
    std::string said;
    int status = 0;
};

std::string fields_of(const notice& what, std::string_view accept = "*/*")
{
    net::worker loop;
    recorded client;
    client.head.fields.add("Accept", accept);
    EXPECT_TRUE(test::outcome_of(loop, reply_with_notice(client, what)));
    EXPECT_EQ(client.status, what.status);
    return client.said;
}

TEST(ErrorPage, SaysHowToKeepAndReadIt)
{
    auto said = fields_of(refused, "text/html");
    for (const auto* line : {"Content-Type: text/html; charset=utf-8\n", "Cache-Control: no-store\n", "Vary: Accept\n",
                             "X-Content-Type-Options: nosniff\n", "Lintel-Reason: refused\n", "Date: "}) {
        EXPECT_TRUE(said.contains(line)) << line << said;
    }
    auto length = std::to_string(make_page(refused, form::html).body.size());
    EXPECT_TRUE(said.contains("Content-Length: " + length + '\n')) << said;
}

TEST(ErrorPage, AsksToTryAgainWhereThatMayHelp)
{
    EXPECT_TRUE(fields_of({503, "starting", "S.", "A."}).contains("Retry-After: 1\n"));
    EXPECT_TRUE(fields_of({429, "rate-limited", "S.", "A."}).contains("Retry-After: 1\n"));
    EXPECT_FALSE(fields_of({503, "closed", "S.", "A.", true}).contains("Retry-After"));
    EXPECT_FALSE(fields_of(refused).contains("Retry-After"));
}

}  // namespace
}  // namespace lintel::http
