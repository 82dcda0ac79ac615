#pragma once
// A CA on loopback that says what a test wants.

#include "acme/account_key.hpp"
#include "base/text.hpp"
#include "tests/support/tiny_server.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace lintel::acme {

struct said {
    int status = 200;
    std::string fields, body;  ///< fields: whole lines
};

/// Answers what is put at a path; hands out the nonces n1, n2, …, and notes what came.
class strange_ca {
public:
    strange_ca() : server_([this](test::peer& client) { serve(client); })
    {
        put("/dir", {200, "", directory("")});
        put("/nonce", {200, "", ""});
    }

    std::string url(std::string_view path) const
    {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + std::string(path);
    }
    std::string directory(const std::string& further) const
    {
        return R"({"newNonce":")" + url("/nonce") + R"(","newAccount":")" + url("/account") + R"(","newOrder":")" +
               url("/orders") + '"' + further + '}';
    }

    /// Behind what is there; the last one stays.
    void put(const std::string& path, const said& what, std::size_t times = 1)
    {
        std::lock_guard hold(guard_);
        answers_[path].insert(answers_[path].end(), times, what);
    }
    void replace(const std::string& path, said what)
    {
        std::lock_guard hold(guard_);
        answers_[path] = {std::move(what)};
    }

    std::vector<std::string> requests(std::string_view start)
    {
        std::lock_guard hold(guard_);
        std::vector<std::string> found;
        for (const auto& each : requests_) {
            if (each.starts_with(start)) found.push_back(each);
        }
        return found;
    }

    /// The protected header of the JWS in a request.
    static nlohmann::json header_of(const std::string& request)
    {
        auto jws = nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
        return nlohmann::json::parse(from_base64url(jws["protected"].get<std::string>()).value());
    }

private:
    void serve(test::peer& client)
    {
        while (auto request = client.next_request()) {
            std::lock_guard hold(guard_);
            requests_.push_back(*request);
            auto words = text::split(*request, ' ');
            auto& left = answers_[std::string(words[1])];
            auto answer = left.empty() ? said{404, "", "nothing here"} : left.front();
            if (left.size() > 1) left.erase(left.begin());
            auto nonce = words[0] == "GET" ? "" : "Replay-Nonce: n" + std::to_string(++nonces_) + "\r\n";
            if (answer.fields.contains("Replay-Nonce")) nonce.clear();
            client.send("HTTP/1.1 " + std::to_string(answer.status) + " Said\r\n" + nonce + answer.fields +
                        "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" +
                        (words[0] == "HEAD" ? "" : answer.body));
        }
    }

    std::mutex guard_;
    std::map<std::string, std::vector<said>> answers_;
    std::vector<std::string> requests_;
    int nonces_ = 0;
    test::tiny_server server_;  // last: its threads use every member above
};

}  // namespace lintel::acme
