// The command table.

#include "app/ca_trust.hpp"
#include "app/cert_commands.hpp"
#include "app/commands.hpp"
#include "app/control.hpp"
#include "app/demo_app.hpp"
#include "app/edge.hpp"
#include "app/exit_status.hpp"
#include "app/settings.hpp"
#include "app/supervisor.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <sys/prctl.h>
#include <sys/stat.h>

namespace {

using namespace lintel;
using namespace lintel::app;

/// What the flags of one command chose. Lives as long as the parser.
struct flags {
    std::map<std::string, std::string> texts;
    std::string config;
    int ready_fd = -1;
    std::string snapshot;
};

void add_settings(CLI::App& command, flags& into)
{
    command
        .add_option("--config", into.config,
                    "lintel.yaml; every key of it is a flag here and LINTEL_… in the environment")
        ->envname("LINTEL_CONFIG")
        ->type_name("FILE");
    for (const auto& each : options()) {
        auto help = std::string(each.help);
        if (!each.standard.empty()) help += " [" + std::string(each.standard) + "]";
        command.add_option(flag_of(each), into.texts[std::string(each.key)], help)->type_name(std::string(each.value));
    }
}

int report(const std::vector<problem>& problems)
{
    for (const auto& each : problems) std::cerr << each.where << ": " << each.what << "\n";
    return exit_status::bad_config;
}

/// Defaults < file < environment < flags.
std::expected<chosen_settings, std::vector<problem>> choose(const CLI::App& command, const flags& given)
{
    chosen_settings chosen;
    if (!given.config.empty()) {
        auto file = read_config_file(given.config);
        if (!file) return file;
        chosen = std::move(*file);
    }
    for (auto& [key, text] : read_environment()) chosen[key] = text;
    for (const auto& each : options()) {
        auto flag = flag_of(each);
        if (command.count(flag) > 0) chosen[std::string(each.key)] = {given.texts.at(std::string(each.key)), flag};
    }
    return chosen;
}

/// Runs `job` with the settings of a command, or prints what is wrong with them.
template <class Job>
int with_settings(const CLI::App& command, const flags& given, const char* role, Job job)
{
    auto chosen = choose(command, given);
    if (!chosen) return report(chosen.error());
    auto parsed = build(*chosen);
    if (!parsed) return report(parsed.error());
    log::set_up(role, parsed->log_level, parsed->log_format);
    return job(*chosen, *parsed);
}

int run_lintel(int argc, char** argv)
{
    CLI::App lintel(
        "Lintel: the front door of a self-hosted box. Terminates TLS, finds containers by their labels, routes to "
        "them.",
        "lintel");
    lintel.require_subcommand(1);
    lintel.set_version_flag("--version", "lintel " LINTEL_VERSION);
    lintel.failure_message(CLI::FailureMessage::help);
    int status = exit_status::success;

    flags run_flags, edge_flags, check_flags;
    auto* run = lintel.add_subcommand("run", "start the front door and keep it running");
    add_settings(*run, run_flags);
    run->add_option("--ready-fd", run_flags.ready_fd, "gets one JSON line with the bound addresses when it serves")
        ->type_name("N");
    run->callback([&] {
        status = with_settings(*run, run_flags, "supervisor", [&](const auto& chosen, const auto& parsed) {
            return supervise(chosen, parsed, run_flags.ready_fd);
        });
    });

    auto* check_command =
        lintel.add_subcommand("check", "validate lintel.yaml and the routes files; exit 3 when something is wrong");
    add_settings(*check_command, check_flags);
    check_command->add_option("file", check_flags.config, "the same as --config FILE")->type_name("");
    check_command->callback([&] {
        status = with_settings(*check_command, check_flags, "check",
                               [&](const auto&, const auto& parsed) { return check(parsed); });
    });

    std::string state = "/var/lib/lintel", format = "text";
    auto add_state = [&](CLI::App& command) {
        command.add_option("--state", state, "the state folder of the running Lintel")
            ->envname("LINTEL_STATE")
            ->type_name("DIR");
    };
    auto add_question = [&](const char* name, const char* help) {
        auto* question = lintel.add_subcommand(name, help);
        add_state(*question);
        question->add_option("-o,--output", format, "text or json")
            ->check(CLI::IsMember({"text", "json"}))
            ->type_name("FORMAT");
        question->callback([&, path = std::string("/") + name] {
            status = ask(state, path, format == "json" ? output::json : output::human);
        });
    };
    add_question("status", "what runs and how much");
    add_question("routes", "what is served, from which label or file, by which endpoints");
    add_question("problems", "what was ignored and why");
    add_question("health", "exit 0 when all is well, 1 when not");

    auto* cert = lintel.add_subcommand("cert", "the certificates that are served, and how they are obtained");
    cert->require_subcommand(1);
    std::string name, place = ".", reason = "unspecified";
    auto add_cert = [&](const char* verb, const char* help, const char* what, std::string& into, auto job) {
        auto* command = cert->add_subcommand(verb, help);
        add_state(*command);
        if (what != nullptr) command->add_option(what, into)->required()->type_name("");
        command->callback([&, job] { status = job(); });
        return command;
    };
    auto add_format = [&](CLI::App* command) {
        command->add_option("-o,--output", format, "text or json")
            ->check(CLI::IsMember({"text", "json"}))
            ->type_name("FORMAT");
    };
    auto how = [&] { return format == "json" ? output::json : output::human; };
    add_format(add_cert("list", "what is wanted and what is there", nullptr, name,
                        [&, how] { return list_certificates(state, how()); }));
    add_format(add_cert("show", "the certificates of a host, with their chains", "name", name,
                        [&, how] { return show_certificate(state, name, how()); }));
    add_format(add_cert("explain", "what a host's certificate waits for, and what to do", "name", name,
                        [&, how] { return explain_certificate(state, name, how()); }));
    add_cert("renew", "order a host's certificate now, whatever was planned", "name", name,
             [&] { return renew_certificate(state, name); });
    add_cert("import", "take over Traefik's acme.json or Caddy's data folder", "path", place,
             [&] { return import_certificates(state, place); });
    add_cert("export", "write a host's chain and key to files", "name", name,
             [&] { return export_certificate(state, name, place); })
        ->add_option("--to", place, "the folder, or - for standard output [.]")
        ->type_name("DIR");
    add_cert("revoke", "have a certificate revoked by its CA (a host's name, or an id of lintel cert list)", "name",
             name, [&] { return revoke_certificate(state, name, reason); })
        ->add_option("--reason", reason, "why [unspecified]")
        ->check(CLI::IsMember(revocation_reasons()));

    auto* account = lintel.add_subcommand("account", "our accounts at CAs");
    account->require_subcommand(1);
    auto add_account = [&](const char* verb, const char* help, auto job) {
        auto* command = account->add_subcommand(verb, help);
        add_state(*command);
        command->add_option("issuer", name, "its name in lintel.yaml")->required()->type_name("");
        command->callback([&, job] { status = job(state, name); });
    };
    add_account("rotate-key", "give the account a new key (RFC 8555 7.3.5)", rotate_account_key);
    add_account("deactivate", "close the account for good", deactivate_account);

    auto* ca = lintel.add_subcommand("ca", "print the local CA's certificate, for clients to trust");
    add_state(*ca);
    auto* trust = ca->add_subcommand("trust", "what makes the programs of this machine trust it; or does it");
    add_state(*trust);
    trust_places places;
    bool install = false, remove = false;
    auto* wants = trust->add_flag("--install", install,
                                  "add it to the system's store (as root) and to your browsers', where they are");
    trust->add_flag("--remove", remove, "take it out of them again")->excludes(wants);
    trust->add_option("--root", places.root, "the system's store below this folder, as for an image")->type_name("DIR");
    ca->callback([&] {
        if (!trust->parsed()) status = print_ca(state);
    });
    trust->callback([&] {
        const char* home = std::getenv("HOME");
        places.state = state;
        places.home = home ? home : "";
        status = trust_ca(places, install  ? trust_action::install
                                  : remove ? trust_action::remove
                                           : trust_action::explain);
    });

    std::string listen = "127.0.0.1:0";
    auto* demo = lintel.add_subcommand("demo-app", "a small app to try the front door with");
    demo->add_option("--listen", listen, "where it listens; port 0: any, printed")->type_name("ADDR:PORT");
    demo->callback([&] { status = run_demo_app(listen); });

    auto* edge = lintel.add_subcommand("edge", "the data plane; alone with --snapshot, else started by `lintel run`");
    add_settings(*edge, edge_flags);
    edge->add_option("--snapshot", edge_flags.snapshot, "serve this snapshot, without control")->type_name("FILE");
    edge->add_option("--ready-fd", edge_flags.ready_fd, "as for run")->type_name("N");
    edge->callback([&] {
        if (edge_flags.snapshot.empty()) {
            status = run_edge();
            return;
        }
        status = with_settings(*edge, edge_flags, "edge", [&](const auto&, const auto& parsed) {
            return run_lone_edge(parsed, edge_flags.snapshot, edge_flags.ready_fd);
        });
    });
    auto* control =
        lintel.add_subcommand("control", "discovery, certificates and the admin API; started by `lintel run`");
    control->callback([&] { status = run_control(); });

    try {
        lintel.parse(argc, argv);
    } catch (const CLI::ParseError& stop) {
        return lintel.exit(stop) == 0 ? exit_status::success : exit_status::usage;
    }
    return status;
}

}  // namespace

int main(int argc, char** argv)
{
    ::prctl(PR_SET_NAME, "lintel");  // the children are started as /proc/self/exe
    ::umask(0022);
    std::signal(SIGPIPE, SIG_IGN);  // a log's reader that went away is no reason to end
    try {
        return run_lintel(argc, argv);
    } catch (const std::exception& failure) {
        std::cerr << "lintel: " << failure.what() << "\n";
        return exit_status::failure;
    }
}
