#include "store/sqlite_records.hpp"

#include "base/unique_fd.hpp"
#include "store/database.hpp"
#include "store/record_columns.hpp"
#include "store/schema.hpp"

#include <sqlite3.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <concepts>

namespace lintel::store {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

/// What a list's text must live for while it is bound.
using kept_texts = std::vector<std::string>;

result<void> bind(statement& into, int parameter, const std::string& value, bool is_binary, kept_texts&)
{
    return is_binary ? into.bind_bytes(parameter, value) : into.bind_text(parameter, value);
}

result<void> bind(statement& into, int parameter, const std::vector<std::string>& value, bool, kept_texts& kept)
{
    auto text = json(value).dump(-1, ' ', false, json::error_handler_t::replace);
    return into.bind_text(parameter, kept.emplace_back(std::move(text)));
}

result<void> bind(statement& into, int parameter, wall_clock::time_point value, bool, kept_texts&)
{
    return into.bind_integer(parameter, std::chrono::floor<microseconds>(value).time_since_epoch().count());
}

result<void> bind(statement& into, int parameter, double value, bool, kept_texts&)
{
    return into.bind_real(parameter, value);
}

template <std::integral Number>
result<void> bind(statement& into, int parameter, Number value, bool, kept_texts&)
{
    return into.bind_integer(parameter, value);
}

/// False when the column holds what was never written by us.
bool read(const statement& row, int column, std::string& into)
{
    into = row.bytes(column);
    return true;
}

bool read(const statement& row, int column, std::vector<std::string>& into)
{
    auto list = json::parse(row.bytes(column), nullptr, false);
    bool good = list.is_array() && std::ranges::all_of(list, [](const json& each) { return each.is_string(); });
    if (good) into = list.get<std::vector<std::string>>();
    return good;
}

bool read(const statement& row, int column, wall_clock::time_point& into)
{
    into = wall_clock::time_point(duration_cast<wall_clock::duration>(microseconds(row.integer(column))));
    return true;
}

bool read(const statement& row, int column, double& into)
{
    into = row.real(column);
    return true;
}

template <std::integral Number>
bool read(const statement& row, int column, Number& into)
{
    into = static_cast<Number>(row.integer(column));
    return true;
}

template <class Record, class Visit>
void for_each_column(Visit visit)
{
    std::apply([&](const auto&... each) { (visit(each), ...); }, columns_of<Record>::all);
}

template <class Record>
std::string names_of_columns()
{
    std::string names;
    for_each_column<Record>([&](const auto& each) { names += (names.empty() ? "" : ", ") + std::string(each.name); });
    return names;
}

template <class Record>
result<void> put(statement& into, const Record& record)
{
    result<void> outcome;
    kept_texts kept;
    kept.reserve(std::tuple_size_v<decltype(columns_of<Record>::all)>);
    int parameter = 0;
    for_each_column<Record>([&](const auto& each) {
        ++parameter;
        if (outcome) outcome = bind(into, parameter, record.*each.member, each.is_binary, kept);
    });
    if (!outcome) return outcome;
    auto done = into.step();
    into.reset();
    return done ? outcome : done.error();
}

template <class Record>
result<void> erase(database& from, const std::vector<std::string>& keys)
{
    if (keys.empty()) return {};
    using columns = columns_of<Record>;
    auto statement = from.prepare(std::string("DELETE FROM ") + columns::table + " WHERE " +
                                  std::get<0>(columns::all).name + " = ?");
    if (!statement) return statement.error();
    for (const auto& key : keys) {
        if (auto bound = statement->bind_text(1, key); !bound) return bound;
        auto done = statement->step();
        statement->reset();
        if (!done) return done.error();
    }
    return {};
}

template <class Record>
result<void> apply(database& into, const table_changes<Record>& step)
{
    if (auto erased = erase<Record>(into, step.erase); !erased || step.put.empty()) return erased;
    using columns = columns_of<Record>;
    std::string marks = "?";
    for (std::size_t more = 1; more < std::tuple_size_v<decltype(columns::all)>; ++more) marks += ", ?";
    auto statement = into.prepare(std::string("INSERT OR REPLACE INTO ") + columns::table + " (" +
                                  names_of_columns<Record>() + ") VALUES (" + marks + ")");
    if (!statement) return statement.error();
    for (const auto& record : step.put) {
        if (auto done = put(*statement, record); !done) return done;
    }
    return {};
}

result<void> apply_all(database& into, const changes& step)
{
    auto whole = transaction::begin(into);
    if (!whole) return whole.error();
    if (auto done = apply(into, step.certificates); !done) return done;
    if (auto done = apply(into, step.accounts); !done) return done;
    if (auto done = apply(into, step.orders); !done) return done;
    if (auto done = apply(into, step.setbacks); !done) return done;
    if (auto done = apply(into, step.buckets); !done) return done;
    return whole->commit();
}

class sqlite_records final : public records {
public:
    sqlite_records(fs::path file, database opened) : file_(std::move(file)), database_(std::move(opened)) {}

    checked<contents> load() override
    {
        // One transaction: what another program writes meanwhile is seen in all tables or in none.
        if (auto begun = database_.run("BEGIN"); !begun) return std::unexpected(explain(file_, begun.error()));
        contents all;
        checked<void> read = load(all.certificates);
        if (read) read = load(all.accounts);
        if (read) read = load(all.orders);
        if (read) read = load(all.setbacks);
        if (read) read = load(all.buckets);
        if (database_.in_transaction()) database_.run("ROLLBACK");
        if (!read) return std::unexpected(read.error());
        return all;
    }

    checked<void> commit(const changes& step) override
    {
        if (auto done = apply_all(database_, step); !done) return std::unexpected(explain(file_, done.error()));
        return {};
    }

private:
    template <class Record>
    checked<void> load(table<Record>& into)
    {
        auto failed = [&](error_code why) { return std::unexpected(explain(file_, why)); };
        auto rows = database_.prepare("SELECT " + names_of_columns<Record>() + " FROM " + columns_of<Record>::table);
        if (!rows) return failed(rows.error());
        for (;;) {
            auto more = rows->step();
            if (!more) return failed(more.error());
            if (!*more) return {};
            auto record = read_row<Record>(*rows);
            if (!record) return std::unexpected(record.error());
            auto& key = (*record).*(std::get<0>(columns_of<Record>::all).member);
            into.insert_or_assign(key, std::move(*record));
        }
    }

    template <class Record>
    checked<Record> read_row(const statement& row) const
    {
        Record record;
        int column = 0;
        std::string broken;
        for_each_column<Record>([&](const auto& each) {
            if (!read(row, column++, record.*each.member)) broken = each.name;
        });
        if (broken.empty()) return record;
        return std::unexpected(
            problem{file_.string(), "column " + broken + " of the " + columns_of<Record>::table + " row '" +
                                        std::string(row.bytes(0)) +
                                        "' is not a JSON array of texts; correct or delete the row"});
    }

    fs::path file_;
    database database_;
};

/// SQLite gives -wal and -shm the mode of the database: it must have it before the first byte. A file that exists is
/// not opened for this: closing it would drop the locks that this process may hold on it.
error_code make_private(const fs::path& file)
{
    unique_fd made(::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    auto last_error = [] { return error_code(errno, boost::system::system_category()); };
    if (!made && errno != EEXIST) return last_error();
    for (const char* suffix : {"", "-wal", "-shm"}) {
        if (::chmod((file.string() + suffix).c_str(), 0600) != 0 && errno != ENOENT) return last_error();
    }
    return {};
}

/// Before the first write: a damaged file is left as it is.
checked<void> check(database& opened, const fs::path& file)
{
    auto verdict = opened.value("PRAGMA quick_check(1)");
    if (!verdict) return std::unexpected(explain(file, verdict.error()));
    if (*verdict != "ok") return std::unexpected(explain(file, {SQLITE_CORRUPT, sqlite_category()}));
    return {};
}

}  // namespace

checked<std::unique_ptr<records>> open_records(const fs::path& state)
{
    auto file = state / "lintel.db";
    if (auto failure = make_private(file)) {
        return std::unexpected(problem{file.string(), "can't make it, or its mode 0600: " + failure.message() +
                                                          "; check that Lintel's user owns the folder and the file"});
    }
    auto opened = database::open(file);
    if (!opened) return std::unexpected(explain(file, opened.error()));
    if (auto good = check(*opened, file); !good) return std::unexpected(good.error());
    if (auto migrated = migrate(*opened, file); !migrated) return std::unexpected(migrated.error());
    if (opened->is_read_only()) return std::unexpected(explain(file, {SQLITE_READONLY, sqlite_category()}));
    // A commit must survive a power cut: in WAL mode that takes FULL.
    auto ready = opened->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    if (!ready) return std::unexpected(explain(file, ready.error()));
    return std::make_unique<sqlite_records>(file, std::move(*opened));
}

}  // namespace lintel::store
