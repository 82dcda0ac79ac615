#pragma once
// A map from names whose copies share what they have in common.

#include <array>
#include <bitset>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lintel::tls {

/// Split into shards. A copy costs one pointer per shard; an edit copies the shard that it touches, once. So one entry
/// among 10,000 changes in a fraction of a millisecond while the old map goes on being read. Reading is safe from any
/// thread; editing is for whoever has not shown the map to others yet.
template <class Value>
class shared_map {
public:
    shared_map() = default;
    shared_map(const shared_map& other) : shards_(other.shards_) {}
    shared_map& operator=(const shared_map& other)
    {
        shards_ = other.shards_;
        own_.reset();
        return *this;
    }
    shared_map(shared_map&&) noexcept = default;
    shared_map& operator=(shared_map&&) noexcept = default;

    const Value* find(std::string_view key) const
    {
        const auto& shard = shards_[index_of(key)];
        if (!shard) return nullptr;
        auto found = shard->find(key);
        return found == shard->end() ? nullptr : &found->second;
    }

    /// The value of `key`, made where there is none.
    Value& edit(std::string_view key) { return own(key).try_emplace(std::string(key)).first->second; }

    void erase(std::string_view key)
    {
        if (find(key) == nullptr) return;
        auto& shard = own(key);
        shard.erase(shard.find(key));
    }

    void for_each(const std::function<void(const std::string&, const Value&)>& visit) const
    {
        for (const auto& shard : shards_) {
            if (!shard) continue;
            for (const auto& [key, value] : *shard) visit(key, value);
        }
    }

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
    };
    using shard_map = std::unordered_map<std::string, Value, text_hash, std::equal_to<>>;
    static constexpr std::size_t shard_count = 256;

    static std::size_t index_of(std::string_view key) { return text_hash{}(key) / 7 % shard_count; }

    shard_map& own(std::string_view key)
    {
        auto index = index_of(key);
        auto& shard = shards_[index];
        if (!own_[index]) shard = shard ? std::make_shared<shard_map>(*shard) : std::make_shared<shard_map>();
        own_.set(index);
        return *shard;
    }

    std::array<std::shared_ptr<shard_map>, shard_count> shards_;
    std::bitset<shard_count> own_;  ///< made by this map, seen by no other yet
};

}  // namespace lintel::tls
