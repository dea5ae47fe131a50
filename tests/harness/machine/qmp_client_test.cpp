// SPDX-License-Identifier: MIT
// The monitor of a worker, against a QEMU of the test's own: answers in order, events left out, refusals with their
// reason, and an end of the process that is told.
#include "machine/qmp_client.hpp"

#include "harness/support/text.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace mpulab;
using mpulab::test::refusal;

namespace {

/// Greets, then gives each line it gets the next of its answers, and then hangs up.
class FakeQemu {
  public:
    explicit FakeQemu(std::vector<std::string> answers)
        : path_(std::filesystem::temp_directory_path() / fmt::format("mpulab-qmp-{}-{}", ::getpid(), ++number)) {
        listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string text = path_.string();
        std::copy(text.begin(), text.end(), address.sun_path);
        REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_.get(), 1) == 0);
        thread_ = std::thread([this, answers = std::move(answers)] { serve(answers); });
    }
    ~FakeQemu() {
        thread_.join();
        std::filesystem::remove(path_);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    void serve(const std::vector<std::string>& answers) {
        const FileDescriptor peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        say(peer, R"({"QMP": {"version": {}}})");
        for (const std::string& answer : answers) {
            char c = 0;
            while (::read(peer.get(), &c, 1) == 1 && c != '\n') {
            }
            say(peer, answer);
        }
    }
    static void say(const FileDescriptor& peer, const std::string& text) {
        const std::string line = text + "\r\n";
        static_cast<void>(::send(peer.get(), line.data(), line.size(), MSG_NOSIGNAL));
    }

    static inline int number = 0;
    std::filesystem::path path_;
    FileDescriptor listener_;
    std::thread thread_;
};

constexpr const char* kDone = R"({"return": {}})";

} // namespace

TEST_CASE("a command gets what it returns, past events") {
    FakeQemu qemu({kDone, "{\"event\": \"RESUME\"}\n{\"event\": \"STOP\"}\n{\"return\": {\"running\": false}}"});
    QmpClient client(qemu.path());
    CHECK(client.execute("query-status").at("running") == false);
}

TEST_CASE("what was only sent is answered before what is asked after it") {
    FakeQemu qemu({kDone, R"({"return": 1})", R"({"return": 2})"});
    QmpClient client(qemu.path());
    client.send("cont");
    CHECK(client.execute("query-status") == 2);
}

TEST_CASE("a refusal is thrown with QEMU's reason, also one of what was only sent") {
    FakeQemu qemu({kDone, R"({"error": {"class": "GenericError", "desc": "no such snapshot"}})",
                   R"({"error": {"class": "GenericError", "desc": "cannot run"}})"});
    QmpClient client(qemu.path());
    CHECK_THAT(refusal([&] { client.execute("loadvm"); }), ContainsSubstring("no such snapshot"));
    client.send("cont");
    CHECK_THAT(refusal([&] { client.settle(); }), ContainsSubstring("cannot run"));
}

TEST_CASE("a QEMU that is gone, never was, or speaks no JSON is told") {
    {
        FakeQemu qemu({kDone});
        QmpClient client(qemu.path());
        CHECK_THAT(refusal([&] { client.execute("query-status"); }), ContainsSubstring("QEMU is gone"));
    }
    CHECK_THAT(refusal([] { QmpClient("/nowhere/qmp"); }), ContainsSubstring("cannot connect to /nowhere/qmp"));
    CHECK_THAT(refusal([] { QmpClient(std::string(200, 'x')); }), ContainsSubstring("too long"));
    FakeQemu qemu({"what?"});
    CHECK_THAT(refusal([&] { QmpClient client(qemu.path()); }), ContainsSubstring("no JSON"));
}
