#pragma once
// Heads as browsers and apps send them.

#include <string_view>

namespace lintel::bench {

inline constexpr std::string_view request_of_10_fields =
    "GET /account/orders?page=2&sort=date HTTP/1.1\r\n"
    "Host: shop.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://shop.example.org/account\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=4f1c9a2be07d4d35a1c6; theme=dark; consent=1\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Priority: u=0, i\r\n"
    "\r\n";

inline constexpr std::string_view request_of_20_fields =
    "POST /api/v1/orders/1842/items?notify=true HTTP/1.1\r\n"
    "Host: shop.example.org\r\n"
    "Connection: keep-alive\r\n"
    "Content-Length: 348\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "sec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36\r\n"
    "Content-Type: application/json\r\n"
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxODQyIn0.c2lnbmF0dXJlLXRoYXQtaXMtbm90LW9uZQ\r\n"
    "X-CSRF-Token: 0d9e1c6a5b7f4c2e8a31\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Origin: https://shop.example.org\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Referer: https://shop.example.org/cart\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=4f1c9a2be07d4d35a1c6; theme=dark; consent=1\r\n"
    "\r\n";

inline constexpr std::string_view response_of_10_fields =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 02 Jun 2025 10:20:30 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 18234\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: private, max-age=0, must-revalidate\r\n"
    "ETag: W/\"4738-0d9e1c6a5b7f4c2e8a31\"\r\n"
    "X-Frame-Options: SAMEORIGIN\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
    "Set-Cookie: session=4f1c9a2be07d4d35a1c6; Path=/; Secure; HttpOnly; SameSite=Lax\r\n"
    "\r\n";

}  // namespace lintel::bench
