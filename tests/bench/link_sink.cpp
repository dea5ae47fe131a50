// SPDX-License-Identifier: MIT
// usage: link_sink SOCKET FILE
//
// The harness' end of the link and nothing else: takes one connection, checks and stores each record as a run does
// (harness/machine/session.cpp), ends when QEMU closes.
#include "common/bytes.hpp"
#include "common/error.hpp"
#include "link/log_writer.hpp"
#include "link/record_reader.hpp"

#include <boost/asio.hpp>
#include <cstdio>
#include <vector>

using namespace mpulab;
namespace asio = boost::asio;

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: link_sink SOCKET FILE\n", stderr);
        return static_cast<int>(ExitCode::Usage);
    }
    try {
        asio::io_context io;
        asio::local::stream_protocol::acceptor acceptor(io, asio::local::stream_protocol::endpoint(argv[1]));
        asio::local::stream_protocol::socket socket = acceptor.accept();
        LogWriter log(argv[2]);
        RecordReader reader([](const mpulab_record&) {});
        std::vector<uint8_t> buffer(1u << 16);
        boost::system::error_code end;
        while (const size_t size = socket.read_some(asio::buffer(buffer), end)) {
            const ByteView bytes(buffer.data(), size);
            log.append(bytes);
            reader.feed(bytes);
        }
        std::printf("%llu records, sha256 %s\n", static_cast<unsigned long long>(reader.records()),
                    log.finish().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: link_sink: %s\n", error.what());
        return static_cast<int>(ExitCode::Error);
    }
    return 0;
}
