#include "http/fetch.hpp"

#include "http/fetch_transfer.hpp"
#include "net/error.hpp"

#include <curl/curl.h>

#include <map>
#include <mutex>
#include <new>
#include <set>
#include <thread>

#include <signal.h>

namespace lintel::http {

namespace {

constexpr int idle_poll_ms = 60'000;  // a wake-up ends it earlier

}  // namespace

/// The thread and what runs on it. Public members are home's.
class fetcher::engine {
public:
    explicit engine(net::event_loop& home);
    ~engine();

    std::shared_ptr<fetch_call> begin(fetch_request request);
    void forget(const std::shared_ptr<fetch_call>& caller);

    /// Ends the thread and whatever it had in hand.
    void shut_down();

private:
    using job = std::move_only_function<void()>;

    void on_thread(job what);

    void run();
    void run_jobs();
    void start(std::shared_ptr<fetch_call> caller, fetch_request request);
    void resume(fetch_call* caller);
    void collect_finished();

    net::event_loop& home_;
    std::set<std::shared_ptr<fetch_call>> live_;  ///< home's

    std::mutex jobs_guard_;
    std::vector<job> jobs_;  ///< from home to the thread
    bool stopping_ = false;

    CURLM* multi_;
    std::map<fetch_call*, fetch_transfer> transfers_;  ///< the thread's
    std::thread thread_;
};

fetcher::engine::engine(net::event_loop& home) : home_(home)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    if (!multi_) throw std::bad_alloc();
    // Signals are for the threads that know what to do with them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

fetcher::engine::~engine()
{
    curl_multi_cleanup(multi_);
    curl_global_cleanup();
}

std::shared_ptr<fetch_call> fetcher::engine::begin(fetch_request request)
{
    auto caller = std::make_shared<fetch_call>(home_);
    caller->on_data = request.on_data;
    caller->resume = [this, which = caller.get()] { on_thread([this, which] { resume(which); }); };
    live_.insert(caller);
    on_thread([this, caller, request = std::move(request)]() mutable { start(std::move(caller), std::move(request)); });
    return caller;
}

void fetcher::engine::forget(const std::shared_ptr<fetch_call>& caller)
{
    if (live_.erase(caller) == 0) return;
    if (caller->ended) return;
    caller->end(std::unexpected(fetch_failure{net::errc::aborted, "cancelled"}));
    on_thread([this, which = caller.get()] { transfers_.erase(which); });
}

void fetcher::engine::shut_down()
{
    {
        std::lock_guard hold(jobs_guard_);
        stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    jobs_.clear();
    for (const auto& caller : live_) {
        caller->end(std::unexpected(fetch_failure{net::errc::aborted, "shutting down"}));
    }
    live_.clear();
}

void fetcher::engine::on_thread(job what)
{
    {
        std::lock_guard hold(jobs_guard_);
        jobs_.push_back(std::move(what));
    }
    curl_multi_wakeup(multi_);
}

void fetcher::engine::run()
{
    for (;;) {
        {
            std::lock_guard hold(jobs_guard_);
            if (stopping_) break;
        }
        run_jobs();
        int running = 0;
        curl_multi_perform(multi_, &running);
        collect_finished();
        curl_multi_poll(multi_, nullptr, 0, idle_poll_ms, nullptr);
    }
    transfers_.clear();
}

void fetcher::engine::run_jobs()
{
    std::vector<job> now;
    {
        std::lock_guard hold(jobs_guard_);
        now.swap(jobs_);
    }
    for (auto& each : now) each();
}

void fetcher::engine::start(std::shared_ptr<fetch_call> caller, fetch_request request)
{
    auto* key = caller.get();
    auto [place, _] = transfers_.try_emplace(key, multi_, home_, std::move(caller), std::move(request));
    if (!place->second.start()) transfers_.erase(place);
}

void fetcher::engine::resume(fetch_call* caller)
{
    if (auto found = transfers_.find(caller); found != transfers_.end()) found->second.resume();
}

void fetcher::engine::collect_finished()
{
    int left = 0;
    while (auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        fetch_transfer* done = nullptr;
        auto verdict = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
        done->finish(verdict);
        transfers_.erase(done->caller());
    }
}

fetcher::fetcher(net::event_loop& home) : engine_(std::make_shared<engine>(home)) {}

fetcher::~fetcher() { engine_->shut_down(); }

task<std::expected<fetch_response, fetch_failure>> fetcher::fetch(fetch_request request)
{
    struct leaving {
        std::shared_ptr<engine> where;  // a frame that is destroyed unfinished may outlive the fetcher
        std::shared_ptr<fetch_call> what;
        ~leaving() { where->forget(what); }
    };
    leaving mine{engine_, engine_->begin(std::move(request))};
    co_await mine.what->finished.wait();
    if (!mine.what->ended) co_return std::unexpected(fetch_failure{net::errc::aborted, "cancelled"});
    co_return std::move(*mine.what->ended);
}

}  // namespace lintel::http
