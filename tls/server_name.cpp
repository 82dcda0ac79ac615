#include "tls/server_name.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>

namespace lintel::tls {

namespace {

constexpr std::size_t longest_name = 255;

bool is_address(const std::string& name)
{
    unsigned char raw[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, name.c_str(), raw) == 1 || ::inet_pton(AF_INET6, name.c_str(), raw) == 1;
}

std::size_t number_at(std::string_view bytes, std::size_t at)
{
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

}  // namespace

std::string normal_server_name(std::string_view sent)
{
    if (sent.ends_with('.')) sent.remove_suffix(1);
    bool printable = sent.find_first_of(std::string_view("\0 ", 2)) == sent.npos;
    if (sent.empty() || sent.size() > longest_name || !printable) return "";
    auto name = text::lower(sent);
    return is_address(name) ? "" : name;
}

std::string read_server_name(std::string_view extension)
{
    // ServerNameList: length, then {type 0 = host_name, length, name}. RFC 6066 knows no other type, and one name each.
    constexpr std::size_t head = 5;
    bool fits = extension.size() >= head && number_at(extension, 0) == extension.size() - 2 && extension[2] == 0 &&
                number_at(extension, 3) == extension.size() - head;
    return fits ? normal_server_name(extension.substr(head)) : "";
}

}  // namespace lintel::tls
