#pragma once
// Changes of the files in one folder, by inotify(7).

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/event_loop.hpp"
#include "net/task.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lintel::discovery {

class folder_watch {
public:
    struct change {
        enum class kind {
            written,  ///< closed after writing, or moved here: its content is whole
            created,  ///< there now; where it isn't a link, its content is still to come
            gone,
            lost,  ///< the folder itself went, or changes were missed: look at everything again
        };
        kind what;
        std::string name;

        bool operator==(const change&) const = default;
    };

    explicit folder_watch(net::event_loop& home);
    ~folder_watch();

    /// From now on watches `folder` and nothing else. Errors: what the kernel says, such as no_such_file_or_directory.
    result<void> watch(const std::filesystem::path& folder);

    /// What has changed since the last call, in order; waits for something until `when`. Empty after `when`, or when
    /// cancelled.
    task<std::vector<change>> changes(time_point when);

private:
    class inotify;
    std::unique_ptr<inotify> inotify_;
};

}  // namespace lintel::discovery
