// PersistentMap: an ordered map whose copies share everything they have in common, so that a new
// version after a change costs the path to that change and a copy costs nothing. A treap with path
// copying.
//
// Copies are frozen: whoever changes a map names the edit it works under, a number no frozen node
// carries, and only nodes made under that edit are changed in place (the rest are copied first).
// Image and ImageBuilder hand out these numbers. The shape depends on the order of the changes
// alone, never on addresses.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace cauce::metadata {

// KeyOf{}(const Value&) gives the key; keys are compared with <.
template <typename Value, typename KeyOf>
class PersistentMap {
    struct Node;
    using Link = std::shared_ptr<Node>;

    struct Node {
        Node(std::uint64_t made_under, std::uint64_t weight, Value held)
            : edit(made_under), priority(weight), value(std::move(held)) {}
        std::uint64_t edit;
        std::uint64_t priority;
        Value value;
        Link left;
        Link right;
    };

public:
    class Iterator {
    public:
        using value_type = Value;
        using difference_type = std::ptrdiff_t;

        const Value& operator*() const { return path_.back()->value; }
        const Value* operator->() const { return &path_.back()->value; }
        Iterator& operator++() {
            const Node* node = path_.back();
            path_.pop_back();
            descend(node->right.get());
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(const Iterator& other) const {
            if (path_.empty() || other.path_.empty()) return path_.empty() == other.path_.empty();
            return path_.back() == other.path_.back();
        }

    private:
        friend class PersistentMap;
        void descend(const Node* node) {
            for (; node != nullptr; node = node->left.get())
                path_.push_back(node);
        }
        // The node it stands on is last; before it, those that come after its subtree.
        std::vector<const Node*> path_;
    };

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    template <typename Key>
    const Value* find(const Key& key) const {
        const Node* node = root_.get();
        while (node != nullptr) {
            const auto& here = KeyOf{}(node->value);
            if (key < here) {
                node = node->left.get();
            } else if (here < key) {
                node = node->right.get();
            } else {
                return &node->value;
            }
        }
        return nullptr;
    }

    // In the order of the keys.
    Iterator begin() const {
        Iterator at;
        at.descend(root_.get());
        return at;
    }
    Iterator end() const { return {}; }
    // The first whose key is not before `key`.
    template <typename Key>
    Iterator lower_bound(const Key& key) const {
        Iterator at;
        const Node* node = root_.get();
        while (node != nullptr) {
            if (KeyOf{}(node->value) < key) {
                node = node->right.get();
            } else {
                at.path_.push_back(node);
                node = node->left.get();
            }
        }
        return at;
    }

    // Adds the value, or replaces the one of the same key.
    void set(std::uint64_t edit, Value value) {
        if (Value* held = find_to_edit(edit, root_, KeyOf{}(value))) {
            *held = std::move(value);
            return;
        }
        insert(edit, root_, std::make_shared<Node>(edit, next_priority(), std::move(value)));
        ++size_;
    }

    // False when there was none.
    template <typename Key>
    bool erase(std::uint64_t edit, const Key& key) {
        if (find(key) == nullptr) return false;
        Link* at = &root_;
        while (true) {
            Node& node = own(edit, *at);
            const auto& here = KeyOf{}(node.value);
            if (key < here) {
                at = &node.left;
            } else if (here < key) {
                at = &node.right;
            } else {
                break;
            }
        }
        // Held until the end: the key may be a view into the value.
        const Link gone = *at;
        *at = merge(edit, gone->left, gone->right);
        --size_;
        return true;
    }

private:
    // splitmix64 of a count: balanced whatever the keys are, and the same on every machine.
    std::uint64_t next_priority() {
        std::uint64_t z = ++inserted_ * 0x9e3779b97f4a7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }

    static Node& own(std::uint64_t edit, Link& link) {
        DCHECK(link->edit <= edit, link->edit, edit);
        if (link->edit != edit) {
            link = std::make_shared<Node>(*link);
            link->edit = edit;
        }
        return *link;
    }

    template <typename Key>
    static Value* find_to_edit(std::uint64_t edit, Link& root, const Key& key) {
        // Twice down the tree: a key that is not there must not copy its path for nothing.
        const Node* there = root.get();
        while (there != nullptr) {
            const auto& here = KeyOf{}(there->value);
            if (key < here) {
                there = there->left.get();
            } else if (here < key) {
                there = there->right.get();
            } else {
                break;
            }
        }
        if (there == nullptr) return nullptr;
        Link* at = &root;
        while (true) {
            Node& node = own(edit, *at);
            const auto& here = KeyOf{}(node.value);
            if (key < here) {
                at = &node.left;
            } else if (here < key) {
                at = &node.right;
            } else {
                return &node.value;
            }
        }
    }

    // Puts a new node (its key is not in the tree) where its priority belongs.
    static void insert(std::uint64_t edit, Link& root, Link fresh) {
        Link* at = &root;
        while (*at != nullptr && (*at)->priority >= fresh->priority) {
            Node& node = own(edit, *at);
            at = KeyOf{}(fresh->value) < KeyOf{}(node.value) ? &node.left : &node.right;
        }
        Link* less = &fresh->left;
        Link* more = &fresh->right;
        Link rest = std::move(*at);
        // What stood here is split along the new key.
        while (rest != nullptr) {
            Node& node = own(edit, rest);
            if (KeyOf{}(fresh->value) < KeyOf{}(node.value)) {
                *more = rest;
                more = &node.left;
                rest = std::exchange(node.left, nullptr);
            } else {
                *less = rest;
                less = &node.right;
                rest = std::exchange(node.right, nullptr);
            }
        }
        *at = std::move(fresh);
    }

    static Link merge(std::uint64_t edit, Link left, Link right) {
        Link root;
        Link* at = &root;
        while (left != nullptr && right != nullptr) {
            if (left->priority >= right->priority) {
                Node& node = own(edit, left);
                *at = left;
                at = &node.right;
                left = std::exchange(node.right, nullptr);
            } else {
                Node& node = own(edit, right);
                *at = right;
                at = &node.left;
                right = std::exchange(node.left, nullptr);
            }
        }
        *at = left != nullptr ? std::move(left) : std::move(right);
        return root;
    }

    Link root_;
    std::size_t size_ = 0;
    std::uint64_t inserted_ = 0;
};

}  // namespace cauce::metadata
