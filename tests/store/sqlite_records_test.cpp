#include "store/sqlite_records.hpp"

#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <csignal>
#include <fstream>

namespace lintel::store {
namespace {

using namespace std::chrono_literals;

wall_clock::time_point at(std::int64_t microseconds)
{
    return wall_clock::time_point(std::chrono::microseconds(microseconds));
}

/// Every field has a value of its own: two that were swapped would show.
changes one_of_each(const std::string& mark = "")
{
    changes step;
    step.certificates.put = {{.id = "id" + mark,
                              .names = {"a.example", "*.b.example", "::1"},
                              .issuer = "letsencrypt",
                              .chain_pem = "-----BEGIN CERTIFICATE-----\n'quoted\"",
                              .key_pem = "KEY 1",
                              .not_before = at(1'700'000'000'000'001),
                              .not_after = at(1'700'000'000'000'002),
                              .profile = "shortlived",
                              .renew_at = at(3),
                              .window_start = at(4),
                              .window_end = at(5),
                              .ask_again_at = at(-6)}};
    step.accounts.put = {{.directory = "https://ca.example/dir" + mark,
                          .key_pem = "KEY 2",
                          .url = "https://ca.example/acct/1",
                          .contact = {"mailto:ä b@example", ""},
                          .next_key_pem = "KEY 3"}};
    step.orders.put = {{.id = "order" + mark,
                        .issuer = "issuer of it",
                        .directory = "directory of it",
                        .names = {"x", "y"},
                        .profile = "profile of it",
                        .replaces = "aki.serial",
                        .key_pem = "KEY 4",
                        .url = "https://ca.example/order/1",
                        .csr_der = std::string("\x30\x00\xff\xfe", 4),
                        .predecessor = "id",
                        .created = at(7)}};
    step.setbacks.put = {{.subject = "letsencrypt a,b" + mark,
                          .failures = 8,
                          .last_try = at(9),
                          .next_try = at(10),
                          .why = "because",
                          .rehearsed = true}};
    step.buckets.put = {{.key = "bucket" + mark, .tokens = 0.1 + 0.2, .updated = at(11)}};
    return step;
}

template <class Record>
std::vector<Record> rows(const table<Record>& of)
{
    std::vector<Record> all;
    for (const auto& [key, record] : of) all.push_back(record);
    return all;
}

void expect_exactly(const contents& found, const changes& step)
{
    EXPECT_EQ(rows(found.certificates), step.certificates.put);
    EXPECT_EQ(rows(found.accounts), step.accounts.put);
    EXPECT_EQ(rows(found.orders), step.orders.put);
    EXPECT_EQ(rows(found.setbacks), step.setbacks.put);
    EXPECT_EQ(rows(found.buckets), step.buckets.put);
}

std::unique_ptr<records> reopen(const std::string& state)
{
    auto opened = open_records(state);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? std::move(*opened) : nullptr;
}

contents contents_of(records& from)
{
    auto all = from.load();
    EXPECT_TRUE(all) << all.error().what;
    return all ? std::move(*all) : contents{};
}

/// Another program with the same database.
class stranger {
public:
    explicit stranger(const std::string& file) { EXPECT_EQ(sqlite3_open(file.c_str(), &connection_), SQLITE_OK); }
    ~stranger() { sqlite3_close(connection_); }
    stranger(const stranger&) = delete;

    void run(const char* sql)
    {
        ASSERT_EQ(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(connection_);
    }

    std::string text(const char* sql)
    {
        std::string found;
        auto keep = [](void* into, int, char** values, char**) {
            *static_cast<std::string*>(into) = values[0];
            return 0;
        };
        EXPECT_EQ(sqlite3_exec(connection_, sql, keep, &found, nullptr), SQLITE_OK) << sqlite3_errmsg(connection_);
        return found;
    }

private:
    sqlite3* connection_ = nullptr;
};

class SqliteRecords : public testing::Test {
protected:
    std::string path() const { return folder / "lintel.db"; }

    void expect_refused(const char* words)
    {
        auto before = file::read(path()).value();
        auto opened = open_records(folder.path());
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().where, path());
        EXPECT_TRUE(opened.error().what.contains(words)) << opened.error().what;
        EXPECT_EQ(file::read(path()).value(), before) << "left as it was";
    }

    test::temporary_folder folder;
};

TEST_F(SqliteRecords, AreEmptyAtFirst) { expect_exactly(contents_of(*reopen(folder.path())), {}); }

TEST_F(SqliteRecords, KeepEveryFieldOfEveryTable)
{
    auto store = reopen(folder.path());
    ASSERT_TRUE(store->commit(one_of_each()));
    expect_exactly(contents_of(*store), one_of_each());
    store.reset();
    expect_exactly(contents_of(*reopen(folder.path())), one_of_each());
}

TEST_F(SqliteRecords, KeepEmptyFields)
{
    changes empty{.certificates = {.put = {{}}, .erase = {}},
                  .accounts = {.put = {{}}, .erase = {}},
                  .orders = {.put = {{}}, .erase = {}},
                  .setbacks = {.put = {{}}, .erase = {}},
                  .buckets = {.put = {{}}, .erase = {}}};
    auto store = reopen(folder.path());
    auto done = store->commit(empty);
    ASSERT_TRUE(done) << done.error().what;
    expect_exactly(contents_of(*store), empty);
}

TEST_F(SqliteRecords, AreReplacedAndErasedByTheirKeys)
{
    auto store = reopen(folder.path());
    ASSERT_TRUE(store->commit(one_of_each()));
    ASSERT_TRUE(store->commit(one_of_each(" 2")));
    changes step;
    certificate_record renewed;
    renewed.id = "id";
    renewed.names = {"new"};
    step.certificates = {.put = {renewed}, .erase = {"id 2"}};
    step.accounts.erase = {"https://ca.example/dir", "unknown"};
    step.orders.erase = {"order"};
    step.setbacks.erase = {"letsencrypt a,b"};
    step.buckets.erase = {"bucket"};
    ASSERT_TRUE(store->commit(step));
    auto expected = one_of_each(" 2");
    expected.certificates.put = step.certificates.put;
    expect_exactly(contents_of(*store), expected);
}

TEST_F(SqliteRecords, KeepTimesToTheMicrosecond)
{
    auto store = reopen(folder.path());
    changes step;
    step.buckets.put = {{.key = "k", .tokens = 1, .updated = at(5) + 999ns}};
    ASSERT_TRUE(store->commit(step));
    EXPECT_EQ(contents_of(*store).buckets.at("k").updated, at(5));
}

TEST_F(SqliteRecords, ArePrivate)
{
    std::ofstream(path()).close();
    ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
    auto store = reopen(folder.path());
    ASSERT_TRUE(store->commit(one_of_each()));
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat what{};
        ASSERT_EQ(::stat((path() + suffix).c_str(), &what), 0) << suffix;
        EXPECT_EQ(what.st_mode & 07777, 0600U) << suffix;
    }
}

TEST_F(SqliteRecords, CanBeReadByAPersonWithSqlite)
{
    auto store = reopen(folder.path());
    ASSERT_TRUE(store->commit(one_of_each()));
    stranger shell(path());
    EXPECT_EQ(shell.text("SELECT datetime(not_after / 1000000, 'unixepoch') FROM certificates "
                         "WHERE EXISTS (SELECT 1 FROM json_each(names) WHERE value = '*.b.example')"),
              "2023-11-14 22:13:20");
    EXPECT_TRUE(shell.text("SELECT sql FROM sqlite_schema WHERE name = 'certificates'").contains("microseconds"));
    shell.run("UPDATE accounts SET contact = 'me'");
    auto broken = store->load();
    ASSERT_FALSE(broken);
    EXPECT_TRUE(broken.error().what.contains("column contact of the accounts row 'https://ca.example/dir'"))
        << broken.error().what;
}

TEST_F(SqliteRecords, AreRefusedWhereAnotherProgramHoldsTheLock)
{
    auto store = reopen(folder.path());
    ASSERT_TRUE(store->commit(one_of_each()));
    stranger shell(path());
    shell.run("BEGIN EXCLUSIVE");
    auto refused = store->commit(one_of_each(" 2"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().where, path());
    EXPECT_TRUE(refused.error().what.contains("another program holds a lock")) << refused.error().what;
    expect_exactly(contents_of(*store), one_of_each());
    expect_exactly(contents_of(*reopen(folder.path())), one_of_each());

    shell.run("COMMIT");
    EXPECT_TRUE(store->commit(one_of_each(" 2"))) << "the next call";
    EXPECT_EQ(contents_of(*store).orders.size(), 2U);
}

/// More than the disk has left, at the end of a step that begins small.
changes too_big()
{
    auto step = one_of_each(" 2");
    auto big = step.setbacks.put[0];
    big.why = std::string(100'000, 'x');
    for (int i = 0; i < 100; ++i) {
        big.subject = "big " + std::to_string(i);
        step.setbacks.put.push_back(big);
    }
    return step;
}

void expect_all_or_nothing(const std::string& state, const char* words, const std::function<void()>& make_room)
{
    auto store = reopen(state);
    ASSERT_TRUE(store->commit(one_of_each()));
    auto refused = store->commit(too_big());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().what.contains(words)) << refused.error().what;
    expect_exactly(contents_of(*store), one_of_each());
    make_room();
    changes small;
    small.orders.erase = {"order"};
    auto later = store->commit(small);
    EXPECT_TRUE(later) << later.error().what;
    store.reset();
    auto expected = one_of_each();
    expected.orders.put.clear();
    expect_exactly(contents_of(*reopen(state)), expected);
}

TEST_F(SqliteRecords, AreAsBeforeWhenTheDiskIsFull)
{
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0)
        GTEST_SKIP() << "a disk to fill takes the right to mount one";
    expect_all_or_nothing(folder.path(), "the disk is full", [] {});
    EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
}

TEST_F(SqliteRecords, CantBeOpenedOnAReadOnlyFileSystem)
{
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0)
        GTEST_SKIP() << "takes the right to mount one";
    ASSERT_TRUE(reopen(folder.path())->commit(one_of_each()));
    EXPECT_EQ(::mount("", folder.path().c_str(), "", MS_REMOUNT | MS_RDONLY, ""), 0);
    auto opened = open_records(folder.path());
    EXPECT_FALSE(opened);
    if (!opened)
        EXPECT_TRUE(opened.error().what.contains("read-only") || opened.error().what.contains("Read-only"))
            << opened.error().what;
    EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
}

TEST_F(SqliteRecords, AreAsBeforeWhenAWriteFailsMidway)
{
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    auto limit = [&](rlim_t bytes) {
        rlimit wanted{bytes, before.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &wanted), 0);
    };
    limit(1 << 20);
    expect_all_or_nothing(folder.path(), "the disk reports an error", [&] { limit(before.rlim_cur); });
    limit(before.rlim_cur);
    std::signal(SIGXFSZ, old_handler);
}

TEST_F(SqliteRecords, WithoutAFolderAreAProblem)
{
    auto opened = open_records("/nowhere/at/all");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().where, "/nowhere/at/all/lintel.db");
    EXPECT_TRUE(opened.error().what.contains("folder")) << opened.error().what;
}

TEST_F(SqliteRecords, OfANewerLintelAreLeftAlone)
{
    ASSERT_TRUE(reopen(folder.path())->commit(one_of_each()));
    stranger(path()).run("PRAGMA user_version = 1000");
    expect_refused("newer Lintel");
    stranger(path()).run("PRAGMA user_version = 1");
    expect_exactly(contents_of(*reopen(folder.path())), one_of_each());
}

TEST_F(SqliteRecords, OfAnotherProgramAreLeftAlone)
{
    stranger(path()).run("CREATE TABLE t (x)");
    expect_refused("another program");
}

TEST_F(SqliteRecords, ThatAreDamagedAreLeftAlone)
{
    ASSERT_TRUE(reopen(folder.path())->commit(one_of_each()));
    auto whole = file::read(path()).value();
    auto holed = whole, one_page = whole, head = whole;
    std::ranges::fill(holed.begin() + 16384, holed.end(), '\x5a');
    std::ranges::fill(one_page.end() - 16384, one_page.end(), '\x5a');
    std::ranges::fill(head.begin(), head.begin() + 16, 'x');
    for (const auto& damaged : {holed, one_page, head, whole.substr(0, whole.size() / 2), whole.substr(0, 50),
                                std::string("no database at all, but more than one page of text\n")}) {
        ASSERT_TRUE(file::write_atomically(path(), damaged, 0600));
        expect_refused("move it away");
    }
    std::filesystem::remove(path());
    expect_exactly(contents_of(*reopen(folder.path())), {});
}

/// Commits generation after generation into all tables, telling each that is done, until it is killed.
[[noreturn]] void commit_for_ever(const std::string& state, int done)
{
    auto store = open_records(state).value();
    auto known = store->load().value().setbacks;
    int generation = known.empty() ? 0 : known.begin()->second.failures;
    for (;;) {
        auto step = one_of_each();
        auto mark = std::to_string(++generation);
        step.setbacks.put[0].failures = generation;
        step.certificates.put[0].key_pem = step.accounts.put[0].key_pem = step.orders.put[0].key_pem = mark;
        step.orders.put[0].csr_der = std::string(20'000, 'x');  // some pages more
        step.buckets.put[0].tokens = generation;
        if (!store->commit(step) || ::write(done, &generation, sizeof generation) != sizeof generation) ::_exit(1);
    }
}

int last_told(int from)
{
    int told = 0;
    while (::read(from, &told, sizeof told) == sizeof told) continue;
    return told;
}

TEST_F(SqliteRecords, AreWholeAfterAKill)
{
    constexpr int rounds = 8;
    for (int round = 1; round <= rounds; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        unique_fd from(ends[0]), to(ends[1]);
        auto child = ::fork();
        if (child == 0) commit_for_ever(folder.path(), to.get());
        to.reset();
        int told = 0;
        for (int i = 0; i < 5 * round; ++i) ASSERT_EQ(::read(from.get(), &told, sizeof told), sizeof told);
        ::usleep(static_cast<unsigned>(137 * round));  // not always at the same place of a commit
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        told = std::max(told, last_told(from.get()));

        auto found = contents_of(*reopen(folder.path()));
        ASSERT_EQ(found.setbacks.size(), 1U);
        auto generation = found.setbacks.begin()->second.failures;
        auto mark = std::to_string(generation);
        EXPECT_GE(generation, told) << "what was committed is there";
        EXPECT_LE(generation, told + 1);
        EXPECT_EQ(found.certificates.begin()->second.key_pem, mark);
        EXPECT_EQ(found.accounts.begin()->second.key_pem, mark);
        EXPECT_EQ(found.orders.begin()->second.key_pem, mark);
        EXPECT_EQ(found.buckets.begin()->second.tokens, generation);
    }
}

TEST_F(SqliteRecords, OfTenThousandCertificatesAreLoadedSoon)
{
    changes many;
    for (int i = 0; i < 10'000; ++i) {
        auto each = one_of_each(std::to_string(i * 7'919'001LL)).certificates.put[0];
        each.chain_pem.assign(2'800, 'c');
        each.key_pem.assign(240, 'k');
        many.certificates.put.push_back(std::move(each));
    }
    auto elapsed = [start = std::chrono::steady_clock::now()]() mutable {
        auto now = std::chrono::steady_clock::now();
        return std::chrono::duration<double, std::milli>(now - std::exchange(start, now)).count();
    };
    auto store = reopen(folder.path());
    elapsed();
    ASSERT_TRUE(store->commit(many));
    RecordProperty("commit_ms", std::to_string(elapsed()));
    store.reset();
    elapsed();
    store = reopen(folder.path());
    RecordProperty("open_ms", std::to_string(elapsed()));
    auto found = contents_of(*store);
    auto load = elapsed();
    RecordProperty("load_ms", std::to_string(load));
    EXPECT_EQ(found.certificates.size(), 10'000U);
    EXPECT_LT(load, 2'000) << "in milliseconds; 80 are usual";
}

}  // namespace
}  // namespace lintel::store
