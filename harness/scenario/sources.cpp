// SPDX-License-Identifier: MIT
#include "scenario/sources.hpp"

#include "common/error.hpp"
#include "common/files.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <yaml-cpp/yaml.h>

namespace mpulab {
namespace {

namespace fs = std::filesystem;

/// Walks the files; each is in `open` while its includes are.
class Loader {
  public:
    explicit Loader(std::vector<Complaint>& complaints) : complaints_(complaints) {}

    void load(std::string_view text, const fs::path& file) {
        YAML::Node document;
        try {
            const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
            if (documents.size() > 1) {
                const YAML::Mark second = documents[1].Mark();
                complaints_.push_back({file.string(), second.line + 1, second.column + 1,
                                       fmt::format("{} documents in one file", documents.size()),
                                       "one scenario a file: no --- behind it"});
                return;
            }
            if (!documents.empty()) document = documents[0];
        } catch (const YAML::Exception& error) {
            complaints_.push_back(
                {file.string(), error.mark.line + 1, error.mark.column + 1, "no YAML: " + error.msg, ""});
            return;
        }
        seen_.push_back(file.lexically_normal());
        open_.push_back(file.lexically_normal());
        include_all(document, file);
        open_.pop_back();
        sources.push_back({file, std::make_shared<const YAML::Node>(document)});
    }

    std::vector<Source> sources;

  private:
    /// What is no list of names is told when the document is held against its shape.
    void include_all(const YAML::Node& document, const fs::path& file) {
        if (!document.IsMap()) return;
        const YAML::Node list = document["include"];
        if (!list.IsDefined() || !list.IsSequence()) return;
        for (const YAML::Node& entry : list) {
            if (entry.IsScalar() && !entry.Scalar().empty()) include(entry, file);
        }
    }

    void include(const YAML::Node& entry, const fs::path& file) {
        const auto complain = [&](std::string what, std::string expected) {
            complaints_.push_back(
                {file.string(), entry.Mark().line + 1, entry.Mark().column + 1, std::move(what), std::move(expected)});
        };
        const fs::path path = (file.parent_path() / entry.Scalar()).lexically_normal();
        if (std::find(open_.begin(), open_.end(), path) != open_.end())
            return complain(fmt::format("{} includes itself, by way of {} files", path.string(), open_.size()),
                            "no circle of includes");
        if (std::find(seen_.begin(), seen_.end(), path) != seen_.end())
            return complain(fmt::format("{} is included a second time", path.string()), "each file once");
        if (open_.size() > kMaxIncludeDepth)
            return complain(fmt::format("includes are more than {} deep", kMaxIncludeDepth), "fewer levels");
        if (seen_.size() > kMaxIncludes)
            return complain(fmt::format("more than {} files are included", kMaxIncludes), "fewer files");
        std::string text;
        try {
            const Bytes bytes = read_file(path, kMaxScenarioBytes, "included file");
            text.assign(bytes.begin(), bytes.end());
        } catch (const Error& error) {
            return complain(error.what(), "a file, from this file's folder");
        }
        load(text, path);
    }

    std::vector<Complaint>& complaints_;
    std::vector<fs::path> seen_;
    std::vector<fs::path> open_;
};

} // namespace

std::vector<Source> read_sources(std::string_view text, const fs::path& file, std::vector<Complaint>& complaints) {
    Loader loader(complaints);
    loader.load(text, file);
    return std::move(loader.sources);
}

nlohmann::json merge_documents(const std::vector<nlohmann::json>& documents) {
    nlohmann::json merged = nlohmann::json::object();
    for (const nlohmann::json& document : documents) {
        for (const auto& [key, value] : document.items()) {
            nlohmann::json& into = merged[key];
            if (key != kPlaceKey && value.is_array() && into.is_array()) {
                into.insert(into.end(), value.begin(), value.end());
            } else if (value.is_object() && into.is_object()) {
                into.update(value);
            } else {
                into = value;
            }
        }
    }
    return merged;
}

} // namespace mpulab
