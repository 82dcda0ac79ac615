#include "net/signals.hpp"

#include <boost/asio/basic_signal_set.hpp>

namespace lintel::net {

class signals::set : public asio::basic_signal_set<executor> {
public:
    using asio::basic_signal_set<executor>::basic_signal_set;
};

signals::signals(worker& home, std::initializer_list<int> numbers) : set_(std::make_unique<set>(home.get_executor()))
{
    for (int number : numbers) set_->add(number);
}
signals::~signals() = default;

task<int> signals::next() { co_return co_await set_->async_wait(use_task); }

}  // namespace lintel::net
