#include "store/database.hpp"

#include <sqlite3.h>

#include <cerrno>

namespace lintel::store {

namespace {

constexpr int patience_ms = 1000;  // the thread of control waits meanwhile

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "sqlite"; }
    std::string message(int code) const override { return sqlite3_errstr(code); }
};

error_code to_error(int code) { return {code, sqlite_category()}; }

error_code last_failure(sqlite3* connection)
{
    auto code = sqlite3_extended_errcode(connection);
    // WAL's index reports want of space as an I/O error of its own.
    bool is_io = (code & 0xff) == SQLITE_IOERR;
    return to_error(is_io && sqlite3_system_errno(connection) == ENOSPC ? SQLITE_FULL : code);
}

result<void> outcome(int code, sqlite3* connection)
{
    if (code == SQLITE_OK) return {};
    return last_failure(connection);
}

std::string advice(int code)
{
    switch (code & 0xff) {
        case SQLITE_FULL: return "the disk is full and nothing was stored; make room, then Lintel tries again";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "another program holds a lock on it and nothing was stored; end that program (a second Lintel with "
                   "the same state folder, a backup, a sqlite3 shell with a transaction)";
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return "it can't be written; check that its folder exists, that Lintel's user owns folder and file, and "
                   "that the file system isn't mounted read-only";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return "it is damaged, or not a database; put a backup in its place, or move it away together with the "
                   "-wal and -shm beside it: Lintel then makes a new one and has certificates issued anew";
        case SQLITE_IOERR: return "the disk reports an error; look into the kernel's log, and check the file system";
        default: return "the database refuses";
    }
}

}  // namespace

const boost::system::error_category& sqlite_category()
{
    static const category only;
    return only;
}

problem explain(const std::filesystem::path& file, error_code failure)
{
    return {file.string(),
            advice(failure.value()) + " (" + failure.message() + ", code " + std::to_string(failure.value()) + ")"};
}

void statement::finalize::operator()(sqlite3_stmt* prepared) const { sqlite3_finalize(prepared); }

error_code statement::failure() const { return last_failure(sqlite3_db_handle(prepared_.get())); }

result<void> statement::bind_text(int parameter, std::string_view text)
{
    // A null pointer would bind NULL.
    const char* start = text.data() == nullptr ? "" : text.data();
    auto code = sqlite3_bind_text64(prepared_.get(), parameter, start, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    return outcome(code, sqlite3_db_handle(prepared_.get()));
}

result<void> statement::bind_bytes(int parameter, std::string_view bytes)
{
    const char* start = bytes.data() == nullptr ? "" : bytes.data();
    auto code = sqlite3_bind_blob64(prepared_.get(), parameter, start, bytes.size(), SQLITE_STATIC);
    return outcome(code, sqlite3_db_handle(prepared_.get()));
}

result<void> statement::bind_integer(int parameter, std::int64_t value)
{
    return outcome(sqlite3_bind_int64(prepared_.get(), parameter, value), sqlite3_db_handle(prepared_.get()));
}

result<void> statement::bind_real(int parameter, double value)
{
    return outcome(sqlite3_bind_double(prepared_.get(), parameter, value), sqlite3_db_handle(prepared_.get()));
}

result<bool> statement::step()
{
    auto code = sqlite3_step(prepared_.get());
    if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
    return {boost::system::in_place_error, failure()};  // error_code converts to bool
}

std::string_view statement::bytes(int column) const
{
    const auto* start = static_cast<const char*>(sqlite3_column_blob(prepared_.get(), column));
    auto size = sqlite3_column_bytes(prepared_.get(), column);
    return start == nullptr ? std::string_view() : std::string_view(start, static_cast<std::size_t>(size));
}

std::int64_t statement::integer(int column) const { return sqlite3_column_int64(prepared_.get(), column); }

double statement::real(int column) const { return sqlite3_column_double(prepared_.get(), column); }

void statement::reset()
{
    sqlite3_reset(prepared_.get());  // repeats what step() has said
    sqlite3_clear_bindings(prepared_.get());
}

void database::close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

result<database> database::open(const std::filesystem::path& file)
{
    sqlite3* connection = nullptr;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    auto code = sqlite3_open_v2(file.c_str(), &connection, flags, nullptr);
    database opened(connection);  // there is one to close after a failure, too
    if (code != SQLITE_OK) return to_error(code);
    sqlite3_busy_timeout(connection, patience_ms);
    return opened;
}

result<statement> database::prepare(std::string_view sql)
{
    sqlite3_stmt* prepared = nullptr;
    auto code = sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &prepared, nullptr);
    if (code != SQLITE_OK) return last_failure(connection_.get());
    return statement(prepared);
}

result<void> database::run(const std::string& sql)
{
    return outcome(sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr), connection_.get());
}

result<std::string> database::value(std::string_view sql)
{
    auto query = prepare(sql);
    if (!query) return query.error();
    auto row = query->step();
    if (!row) return row.error();
    return std::string(query->bytes(0));
}

result<std::int64_t> database::number(std::string_view sql)
{
    auto query = prepare(sql);
    if (!query) return query.error();
    auto row = query->step();
    if (!row) return row.error();
    return query->integer(0);
}

bool database::is_read_only() const { return sqlite3_db_readonly(connection_.get(), "main") == 1; }

bool database::in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

result<transaction> transaction::begin(database& in)
{
    auto begun = in.run("BEGIN IMMEDIATE");
    if (!begun) return begun.error();
    return transaction(in);
}

transaction::~transaction()
{
    if (in_ != nullptr && in_->in_transaction()) in_->run("ROLLBACK");
}

result<void> transaction::commit() { return in_->run("COMMIT"); }

}  // namespace lintel::store
