#include "store/schema.hpp"

#include "store/database.hpp"

#include <array>

namespace lintel::store {

namespace {

/// Step N makes version N of version N - 1. Released steps never change; a new version appends one. What the columns
/// mean is said in store/records.hpp; how they are written, in the first comment here, which sqlite3's .schema shows.
constexpr std::array steps{R"(
CREATE TABLE certificates (
    -- Here and below: times are microseconds since 1970 (0: none), lists are JSON arrays, flags 0 or 1.
    -- Readable: SELECT names, datetime(not_after / 1000000, 'unixepoch') FROM certificates ORDER BY not_after;
    id           TEXT PRIMARY KEY NOT NULL,  -- SHA-256 of the leaf's DER, hexadecimal
    names        TEXT NOT NULL,
    issuer       TEXT NOT NULL,
    chain_pem    TEXT NOT NULL,
    key_pem      TEXT NOT NULL,  -- secret
    not_before   INTEGER NOT NULL,
    not_after    INTEGER NOT NULL,
    profile      TEXT NOT NULL,
    renew_at     INTEGER NOT NULL,
    window_start INTEGER NOT NULL,
    window_end   INTEGER NOT NULL,
    ask_again_at INTEGER NOT NULL
) STRICT;
CREATE TABLE accounts (
    directory    TEXT PRIMARY KEY NOT NULL,
    key_pem      TEXT NOT NULL,  -- secret
    url          TEXT NOT NULL,
    contact      TEXT NOT NULL,
    next_key_pem TEXT NOT NULL   -- secret
) STRICT;
CREATE TABLE orders (
    id          TEXT PRIMARY KEY NOT NULL,
    issuer      TEXT NOT NULL,
    directory   TEXT NOT NULL,
    names       TEXT NOT NULL,
    profile     TEXT NOT NULL,
    replaces    TEXT NOT NULL,
    key_pem     TEXT NOT NULL,  -- secret
    url         TEXT NOT NULL,
    csr_der     BLOB NOT NULL,
    predecessor TEXT NOT NULL,  -- id of a certificate
    created     INTEGER NOT NULL
) STRICT;
CREATE TABLE setbacks (
    subject   TEXT PRIMARY KEY NOT NULL,
    failures  INTEGER NOT NULL,
    last_try  INTEGER NOT NULL,
    next_try  INTEGER NOT NULL,
    why       TEXT NOT NULL,
    rehearsed INTEGER NOT NULL
) STRICT;
CREATE TABLE buckets (
    key     TEXT PRIMARY KEY NOT NULL,
    tokens  REAL NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
)"};

constexpr auto newest = static_cast<std::int64_t>(steps.size());

result<void> take_steps(database& into, std::int64_t version)
{
    // Four certificates to a page: a fifth less on disk, loaded in two thirds of the time. Only a new file heeds it.
    if (auto sized = into.run("PRAGMA page_size = 16384"); !sized) return sized;
    auto step = transaction::begin(into);
    if (!step) return step.error();
    for (auto next = version; next < newest; ++next) {
        if (auto done = into.run(steps[static_cast<std::size_t>(next)]); !done) return done;
    }
    if (auto done = into.run("PRAGMA user_version = " + std::to_string(newest)); !done) return done;
    return step->commit();
}

}  // namespace

checked<void> migrate(database& into, const std::filesystem::path& file)
{
    auto fail = [&](std::string what) { return std::unexpected(problem{file.string(), std::move(what)}); };
    auto version = into.number("PRAGMA user_version");
    auto tables = into.number("SELECT count(*) FROM sqlite_schema");
    if (!version || !tables) return std::unexpected(explain(file, version ? tables.error() : version.error()));
    if (*version > newest) {
        return fail("it was written by a newer Lintel (version " + std::to_string(*version) +
                    " of its tables, known: " + std::to_string(newest) +
                    "); run that one again, or put a backup from before it in place");
    }
    if (*version < 0 || (*version == 0 && *tables > 0))
        return fail("it is a database of another program; move it away, or use another state folder");
    if (*version == newest) return {};
    if (auto taken = take_steps(into, *version); !taken) return std::unexpected(explain(file, taken.error()));
    return {};
}

}  // namespace lintel::store
