// SPDX-License-Identifier: MIT
// mpulab-catalog: makes and checks the catalogue of a driver package.
#include "catalog/catalog.hpp"
#include "common/files.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

using namespace mpulab;

ExitCode make(const std::string& folder, bool only_sha1) {
    const Catalog catalog = catalog_of_package(folder, only_sha1);
    const std::filesystem::path path = catalog_path(folder);
    write_file(path, ByteView(write_catalog(catalog)));
    fmt::print("{}: {} members\n", path.string(), catalog.members.size());
    return ExitCode::Passed;
}

ExitCode verify(const std::string& folder) {
    const std::filesystem::path path = catalog_path(folder);
    const Catalog catalog = read_catalog(read_file(path, kMaxCatalogBytes, "catalogue"), path.string());
    const std::vector<std::string> lines = verify_catalog(catalog, folder);
    for (const std::string& line : lines)
        fmt::print("{}\n", line);
    if (!lines.empty()) return ExitCode::Failed;
    fmt::print("{}: all {} members are as they were; {} signatures, which osslsigncode or Windows checks\n",
               path.string(), catalog.members.size(), catalog.signers);
    return ExitCode::Passed;
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("mpulab-catalog: the catalogue of a driver package");
    app.require_subcommand(1);
    std::string folder;
    bool only_sha1 = false;
    auto* make_command = app.add_subcommand("make", "write the .cat that the package's INF names, not signed");
    make_command->add_option("PACKAGE", folder, "the folder of one INF")->required();
    make_command->add_flag("--only-sha1", only_sha1, "version-1 members alone, as Windows 7's own tools wrote them");
    auto* verify_command = app.add_subcommand("verify", "recompute every member's hash; exit status 1: one is altered");
    verify_command->add_option("PACKAGE", folder, "the folder of one INF")->required();
    try {
        app.parse(argc, argv);
        return static_cast<int>(make_command->parsed() ? make(folder, only_sha1) : verify(folder));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help
        fmt::print(stderr, "error: {}; next: see \"mpulab-catalog --help\"\n", error.what());
        return static_cast<int>(ExitCode::Usage);
    } catch (const Error& error) {
        fmt::print(stderr, "error: {}\n", error.line());
        return static_cast<int>(error.code());
    } catch (const std::exception& error) {
        fmt::print(stderr, "error: unexpected: {}; next: report this as a bug\n", error.what());
        return static_cast<int>(ExitCode::Error);
    }
}
