// Which page is served by whom. Filled before the server listens, constant afterwards.
#pragma once

#include "http/exchange.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::http {

// Answers the exchange before its task ends. Pages that are only read: the method is GET or HEAD,
// and there is no body.
using Handler = std::function<Task<void>(Exchange&)>;

class Routes {
public:
    void add(std::string path, Handler handler) {
        pages_.insert_or_assign(std::move(path), std::move(handler));
    }

    // Null: there is nothing.
    const Handler* find(std::string_view path) const {
        const auto found = pages_.find(path);
        return found == pages_.end() ? nullptr : &found->second;
    }

    // What to say of a path that is not there.
    std::string nothing_at(std::string_view path) const;

private:
    std::map<std::string, Handler, std::less<>> pages_;
};

}  // namespace cauce::http
