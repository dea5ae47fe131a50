// SPDX-License-Identifier: MIT
#include "machine/session.hpp"

#include "events/names.hpp"
#include "link/log_writer.hpp"
#include "link/mpulab_codes.h"
#include "link/record_reader.hpp"
#include "machine/domain_xml.hpp"
#include "machine/guest_voice.hpp"
#include "machine/machine.hpp"
#include "machine/runtime_dir.hpp"
#include "machine/signal_watch.hpp"

#include <boost/asio.hpp>
#include <csignal>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>

namespace asio = boost::asio;

namespace mpulab {
namespace {

using Clock = std::chrono::steady_clock;
using Protocol = asio::local::stream_protocol;
using asio::awaitable;
using asio::use_awaitable;

constexpr size_t kReadBytes = 1u << 20;
constexpr auto kWatchEvery = std::chrono::milliseconds(250);
constexpr auto kDeathNoticeWithin = std::chrono::milliseconds(1000); // between a link's end and its process' end

/// The last line of QEMU's own words in libvirt's log of it.
std::string last_words(const std::string& log) {
    std::string found;
    size_t begin = 0;
    while (begin < log.size()) {
        const size_t end = std::min(log.find('\n', begin), log.size());
        const std::string line = log.substr(begin, end - begin);
        if (const size_t at = line.find("qemu-system");
            at != std::string::npos && line.find(": ", at) != std::string::npos) {
            found = line.substr(line.find(": ", at) + 2);
        }
        begin = end + 1;
    }
    return found;
}

class Session {
  public:
    explicit Session(SessionRequest request)
        : request_(std::move(request)), runtime_(RuntimeDir::create(RuntimeDir::default_base())),
          log_(request_.log, request_.watchdog.most_log_bytes),
          reader_([this](const mpulab_record& record) { on_record(record); }),
          hypervisor_(runtime_, request_.libvirt_uri), machine_(hypervisor_, kDomainName) {}

    SessionOutcome run() {
        const mode_t old_mask = ::umask(077);
        acceptor_ = Protocol::acceptor(io_, Protocol::endpoint(runtime_.link_socket().string()));
        ::umask(old_mask);
        request_.spec.link_chardev = link_socket_chardev(runtime_.link_socket());
        if (request_.gdb) request_.spec.gdb_socket = runtime_.gdb_socket();
        request_.spec.initrd = runtime_.without_space(request_.spec.initrd);
        outcome_.xml = domain_xml(request_.spec, kDomainName);

        spawn(read_link());
        spawn(watch());
        spawn(wait_for_signal());
        began_ = Clock::now();
        std::thread starter([this] { start_machine(); });
        io_.run();
        starter.join(); // libvirt bounds its own start

        outcome_.sha256 = log_.finish();
        outcome_.records = reader_.records();
        outcome_.qemu_log = machine_.qemu_log();
        return std::move(outcome_);
    }

  private:
    /// Starts a coroutine whose Error ends the run.
    void spawn(awaitable<void> task) {
        asio::co_spawn(io_, std::move(task), [this](std::exception_ptr failure) {
            if (!failure) return;
            try {
                std::rethrow_exception(failure);
            } catch (const Error& error) {
                end(error);
            } catch (const boost::system::system_error& error) {
                if (error.code() != asio::error::operation_aborted) {
                    end(Error(std::string("the link broke: ") + error.what(),
                              "run again; see qemu.log in the run's folder"));
                }
            }
        });
    }

    /// The run is over: well (nothing) or not. The first call counts.
    void end(std::optional<Error> trouble) {
        if (over_) return;
        over_ = true;
        outcome_.trouble = std::move(trouble);
        outcome_.run_time = Clock::now() - running_since_.value_or(Clock::now());
        io_.stop();
    }

    /// On the starter thread: libvirt's calls block.
    void start_machine() {
        try {
            hypervisor_.connect(request_.spec.qemu);
            request_.spec.security_labels = hypervisor_.security_labels();
            outcome_.xml = domain_xml(request_.spec, kDomainName);
            machine_.start(outcome_.xml, request_.spec.qemu);
            asio::post(io_, [this] { outcome_.start_time = Clock::now() - began_; });
            machine_.resume();
            asio::post(io_, [this] {
                running_since_ = last_progress_ = last_word_ = Clock::now();
                if (link_is_gone_) link_lost();
                spdlog::debug("machine runs, {:.2f} s after the start", outcome_.start_time.count());
            });
        } catch (const Error& error) {
            asio::post(io_, [this, error] { end(error); });
        }
    }

    awaitable<void> read_link() {
        Protocol::socket socket = co_await acceptor_->async_accept(use_awaitable);
        acceptor_->close(); // one machine, one connection
        std::vector<uint8_t> buffer(kReadBytes);
        while (!over_) {
            boost::system::error_code failure;
            const size_t size =
                co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(use_awaitable, failure));
            if (failure) {
                link_is_gone_ = true;
                if (running_since_) link_lost(); // else libvirt is about to say why QEMU ended
                co_return;
            }
            last_progress_ = Clock::now();
            const ByteView bytes(buffer.data(), size);
            log_.append(bytes);
            reader_.feed(bytes);
            if (guest_.spoke()) last_word_ = last_progress_;
            if (reader_.ended()) end(std::nullopt);
        }
    }

    void on_record(const mpulab_record& record) {
        guest_.record(record);
        if (record.kind == MPULAB_KIND_HOLD && request_.on_hold) request_.on_hold(runtime_.gdb_socket());
        if (request_.on_record) request_.on_record(record);
    }

    /// The link ended without RUN_ENDED: QEMU is gone, or going.
    void link_lost() {
        std::string how = "QEMU closed the link";
        const auto deadline = Clock::now() + kDeathNoticeWithin;
        while (machine_.pid() > 1 && Clock::now() < deadline) {
            siginfo_t info{};
            // WNOWAIT: the machine's own clean-up buries it.
            if (::waitid(P_PID, static_cast<id_t>(machine_.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid != 0) {
                how = info.si_code == CLD_EXITED ? fmt::format("QEMU exited with status {}", info.si_status)
                                                 : fmt::format("QEMU was killed by signal {}", info.si_status);
                break;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        std::string words = last_words(machine_.qemu_log());
        if (!words.empty()) words = " (" + words + ")";
        end(Error(fmt::format("{}{} in mid-run, {}", how, words, guest_.where()),
                  "run again; the event log so far is kept"));
    }

    awaitable<void> watch() {
        asio::steady_timer timer(io_);
        uint64_t seen_ticks = 0;
        while (!over_) {
            timer.expires_after(kWatchEvery);
            co_await timer.async_wait(use_awaitable);
            if (!running_since_ || !request_.watchdog.enabled) continue;
            const auto now = Clock::now();
            if (const auto ticks = machine_.cpu_ticks(); !ticks || *ticks != seen_ticks) {
                seen_ticks = ticks.value_or(0);
                last_progress_ = now;
            }
            if (now - last_progress_ >= request_.watchdog.stalled) {
                barked(now - last_progress_, "uses no CPU: QEMU hangs", "run again; if it stays, attach gdb to QEMU");
            } else if (now - last_word_ >= request_.watchdog.silent) {
                barked(now - last_word_, "is busy", "see where it spins with \"mpulab play --gdb\"");
            }
        }
    }

    void barked(Clock::duration quiet, const char* what, const char* next) {
        end(Error(fmt::format("the guest made no record for {} s and {}, {}",
                              std::chrono::duration_cast<std::chrono::seconds>(quiet).count(), what, guest_.where()),
                  next));
    }

    /// How far the guest had come, for an error.
    awaitable<void> wait_for_signal() {
        asio::signal_set signals(io_);
        for (const int number : stopping_signals())
            signals.add(number);
        const int number = co_await signals.async_wait(use_awaitable);
        if (number == SIGHUP) leave_terminal();
        end(Error(stopped_word(number), "run again", ExitCode::Interrupted));
    }

    SessionRequest request_;
    RuntimeDir runtime_;
    LogWriter log_;
    asio::io_context io_{1};
    std::optional<Protocol::acceptor> acceptor_;
    RecordReader reader_;
    SessionOutcome outcome_;
    bool over_ = false;
    bool link_is_gone_ = false;
    Clock::time_point began_;
    std::optional<Clock::time_point> running_since_;
    Clock::time_point last_progress_; // bytes, or CPU used
    Clock::time_point last_word_;     // a record that the guest caused
    GuestVoice guest_;
    Hypervisor hypervisor_;
    Machine machine_; // last: ends before what it uses
};

} // namespace

SessionOutcome run_session(SessionRequest request) {
    Session session(std::move(request));
    return session.run();
}

} // namespace mpulab
