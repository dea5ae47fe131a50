// SPDX-License-Identifier: MIT
#include "machine/qmp_client.hpp"

#include "common/error.hpp"
#include "machine/unix_socket.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr int kAnswerWithinMs = 10'000; // to something that takes milliseconds
constexpr size_t kMaxLine = 1u << 20;

Error gone(const std::string& how) {
    return Error("QEMU's monitor: " + how, "run again; see whether the machine has memory and disk space left");
}

} // namespace

QmpClient::QmpClient(const std::filesystem::path& socket) : QmpClient(connect_to(socket)) {}

QmpClient::QmpClient(FileDescriptor socket) : socket_(std::move(socket)) {
    line(); // the greeting
    execute("qmp_capabilities");
}

std::string QmpClient::line() {
    for (;;) {
        if (const size_t end = received_.find('\n'); end != std::string::npos) {
            std::string found = received_.substr(0, end);
            received_.erase(0, end + 1);
            return found;
        }
        if (received_.size() > kMaxLine) throw gone("an answer without an end");
        pollfd waiting{socket_.get(), POLLIN, 0};
        const int ready = ::poll(&waiting, 1, kAnswerWithinMs);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) throw gone(fmt::format("no answer within {} s", kAnswerWithinMs / 1000));
        char piece[4096];
        const ssize_t got = ::read(socket_.get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw gone("QEMU is gone");
        received_.append(piece, static_cast<size_t>(got));
    }
}

nlohmann::json QmpClient::receive() {
    for (;;) {
        const std::string text = line();
        nlohmann::json answer = nlohmann::json::parse(text, nullptr, false);
        if (!answer.is_object()) throw gone("no JSON: " + text);
        if (answer.contains("event")) continue;
        --unanswered_;
        if (answer.contains("return")) return std::move(answer["return"]);
        const nlohmann::json reason = answer.value("error", nlohmann::json::object());
        throw Error(fmt::format("QEMU's monitor refuses: {}", reason.value("desc", text)),
                    "check that it is the QEMU scripts/build-qemu made");
    }
}

void QmpClient::send(const char* command, const nlohmann::json& arguments) {
    nlohmann::json words = {{"execute", command}};
    if (!arguments.is_null()) words["arguments"] = arguments;
    const std::string text = words.dump() + "\n";
    for (size_t at = 0; at < text.size();) {
        const ssize_t sent = ::send(socket_.get(), text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) throw gone("QEMU is gone");
        at += static_cast<size_t>(sent);
    }
    ++unanswered_;
}

void QmpClient::settle() {
    while (unanswered_ != 0)
        receive();
}

nlohmann::json QmpClient::execute(const char* command, const nlohmann::json& arguments) {
    settle();
    send(command, arguments);
    return receive();
}

} // namespace mpulab
