#pragma once
// SQLite with owners and results. Used by sources of store/ only; belongs to one thread.

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace lintel::store {

/// SQLite's extended result codes. A disk that is full is always SQLITE_FULL, whichever call noticed it.
const boost::system::error_category& sqlite_category();

/// What an operator must read about a failure with the database at `file`.
problem explain(const std::filesystem::path& file, error_code failure);

/// One prepared statement. It must go before its database does.
class statement {
public:
    /// Parameters count from 1. `text` and `bytes` are borrowed: they must stay until `reset()`.
    result<void> bind_text(int parameter, std::string_view text);
    result<void> bind_bytes(int parameter, std::string_view bytes);
    result<void> bind_integer(int parameter, std::int64_t value);
    result<void> bind_real(int parameter, double value);

    /// True when there is a row, false at the end.
    result<bool> step();

    /// Columns of the row count from 0. Text and bytes alike; valid until the next `step()`.
    std::string_view bytes(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;

    /// For the next run, with new parameters.
    void reset();

private:
    friend class database;
    struct finalize {
        void operator()(sqlite3_stmt* prepared) const;
    };
    explicit statement(sqlite3_stmt* prepared) : prepared_(prepared) {}
    error_code failure() const;

    std::unique_ptr<sqlite3_stmt, finalize> prepared_;
};

class database {
public:
    /// Opens a file that exists (an empty one is an empty database). Whoever has it locked is waited for at most a
    /// second, by each call.
    static result<database> open(const std::filesystem::path& file);

    result<statement> prepare(std::string_view sql);

    /// Runs statements without parameters, separated by `;`, up to the first that fails. Rows are ignored.
    result<void> run(const std::string& sql);

    /// The first column of the only row.
    result<std::string> value(std::string_view sql);
    result<std::int64_t> number(std::string_view sql);

    bool is_read_only() const;

    /// False again as soon as SQLite has rolled back by itself.
    bool in_transaction() const;

private:
    struct close {
        void operator()(sqlite3* connection) const;
    };
    explicit database(sqlite3* connection) : connection_(connection) {}

    std::unique_ptr<sqlite3, close> connection_;
};

/// A write transaction that is rolled back unless it was committed.
class transaction {
public:
    /// Takes the lock for writing at once, so that nothing later fails for the want of it.
    static result<transaction> begin(database& in);
    transaction(transaction&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
    ~transaction();

    /// On disk when it returns; on an error nothing of it will be.
    result<void> commit();

private:
    explicit transaction(database& in) : in_(&in) {}

    database* in_;
};

}  // namespace lintel::store
