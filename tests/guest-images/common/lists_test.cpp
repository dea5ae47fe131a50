// SPDX-License-Identifier: MIT
// NT's doubly linked lists, the ready queue and the timer queue on top of them.
#include "intrusive_list.hpp"
#include "ready_queue.hpp"
#include "timer_queue.hpp"

#include <support/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace {

struct Entry {
    Entry* Flink;
    Entry* Blink;
    char name;
    uint64_t due;
};
using List = nanont::Links<Entry>;

struct Due {
    static uint64_t due(const Entry& entry) { return entry.due; }
};
using Timers = nanont::TimerQueue<Entry, Due>;

std::string names(const Entry& head) {
    std::string text;
    for (const Entry* at = head.Flink; at != &head; at = at->Flink) {
        CHECK(List::sound(*at));
        text += at->name;
    }
    return text;
}

struct Fixture {
    Entry head{};
    Entry a{nullptr, nullptr, 'a', 0};
    Entry b{nullptr, nullptr, 'b', 0};
    Entry c{nullptr, nullptr, 'c', 0};
    Fixture() { List::init(head); }
};

} // namespace

TEST_CASE("a list that was just made is empty and sound, and gives nothing") {
    Fixture f;
    CHECK(List::empty(f.head));
    CHECK(List::sound(f.head));
    CHECK(List::pop_front(f.head) == nullptr);
    CHECK(List::empty(f.head));
}

TEST_CASE("entries stand in the order they were pushed, at either end or before another") {
    Fixture f;
    List::push_back(f.head, f.b);
    List::push_front(f.head, f.a);
    List::push_back(f.head, f.c);
    CHECK(names(f.head) == "abc");
    List::remove(f.c);
    List::insert_before(f.b, f.c);
    CHECK(names(f.head) == "acb");
}

TEST_CASE("removing the first, the middle, the last and the only entry leaves a sound list") {
    Fixture f;
    for (Entry* gone : {&f.a, &f.b, &f.c}) {
        List::init(f.head);
        for (Entry* entry : {&f.a, &f.b, &f.c})
            List::push_back(f.head, *entry);
        List::remove(*gone);
        std::string expected = "abc";
        expected.erase(expected.find(gone->name), 1);
        CHECK(names(f.head) == expected);
        CHECK(List::sound(f.head));
    }
    List::init(f.head);
    List::push_back(f.head, f.a);
    List::remove(f.a);
    CHECK(List::empty(f.head));
}

TEST_CASE("an entry taken out twice harms nobody") {
    Fixture f;
    List::push_back(f.head, f.a);
    List::push_back(f.head, f.b);
    List::remove(f.a);
    List::remove(f.a);
    CHECK(names(f.head) == "b");
    CHECK(List::empty(f.a));
}

TEST_CASE("an entry that a stray write has torn out is not sound") {
    Fixture f;
    List::push_back(f.head, f.a);
    List::push_back(f.head, f.b);
    f.b.Blink = &f.b;
    CHECK_FALSE(List::sound(f.a));
    CHECK_FALSE(List::sound(f.b));
}

TEST_CASE("the ready queue gives the highest priority first, first come first served within it") {
    nanont::ReadyQueue<Entry> queue;
    queue.init();
    CHECK(queue.highest() == -1);
    CHECK(queue.pop() == nullptr);
    Fixture f;
    Entry d{nullptr, nullptr, 'd', 0};
    queue.push_back(f.a, 8);
    queue.push_back(f.b, 31);
    queue.push_back(f.c, 8);
    queue.push_back(d, 0);
    CHECK(queue.highest() == 31);
    CHECK(queue.pop() == &f.b);
    CHECK(queue.pop() == &f.a);
    CHECK(queue.pop() == &f.c);
    CHECK(queue.pop() == &d);
    CHECK(queue.pop() == nullptr);
    CHECK(queue.highest() == -1);
}

TEST_CASE("a preempted thread goes before the others of its priority, and behind no higher one") {
    nanont::ReadyQueue<Entry> queue;
    queue.init();
    Fixture f;
    queue.push_back(f.a, 8);
    queue.push_front(f.b, 8);
    queue.push_front(f.c, 7);
    CHECK(queue.pop() == &f.b);
    CHECK(queue.pop() == &f.a);
    CHECK(queue.pop() == &f.c);
}

TEST_CASE("a thread taken out of the ready queue leaves the others of its priority there") {
    nanont::ReadyQueue<Entry> queue;
    queue.init();
    Fixture f;
    queue.push_back(f.a, 8);
    queue.push_back(f.b, 8);
    queue.push_back(f.c, 3);
    queue.remove(f.a, 8);
    CHECK(queue.highest() == 8);
    queue.remove(f.b, 8);
    CHECK(queue.highest() == 3);
    CHECK(queue.pop() == &f.c);
}

TEST_CASE("timers expire in the order of their times, equal ones in the order they were set") {
    Timers timers;
    timers.init();
    CHECK(timers.empty());
    CHECK(timers.next_due() == UINT64_MAX);
    Entry e[] = {{nullptr, nullptr, 'a', 30}, {nullptr, nullptr, 'b', 10}, {nullptr, nullptr, 'c', 20},
                 {nullptr, nullptr, 'd', 10}, {nullptr, nullptr, 'e', 0},  {nullptr, nullptr, 'f', UINT64_MAX}};
    for (Entry& entry : e)
        timers.insert(entry);
    CHECK(timers.next_due() == 0);
    std::string order;
    while (Entry* entry = timers.pop_due(30))
        order += entry->name;
    CHECK(order == "ebdca");
    CHECK_FALSE(timers.empty());
    CHECK(timers.next_due() == UINT64_MAX);
}

TEST_CASE("a timer does not expire before its time and does at it") {
    Timers timers;
    timers.init();
    Entry entry{nullptr, nullptr, 'a', 100};
    timers.insert(entry);
    CHECK(timers.pop_due(99) == nullptr);
    CHECK(timers.pop_due(100) == &entry);
    CHECK(timers.pop_due(UINT64_MAX - 1) == nullptr);
}

TEST_CASE("a timer that is taken out no longer counts, whether it was first or not") {
    Timers timers;
    timers.init();
    Entry early{nullptr, nullptr, 'a', 1};
    Entry late{nullptr, nullptr, 'b', 2};
    timers.insert(late);
    timers.insert(early);
    timers.remove(early);
    CHECK(timers.next_due() == 2);
    timers.insert(early);
    timers.remove(late);
    CHECK(timers.next_due() == 1);
    timers.remove(early);
    CHECK(timers.next_due() == UINT64_MAX);
    CHECK(timers.empty());
}
