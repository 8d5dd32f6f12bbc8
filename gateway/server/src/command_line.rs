//! The command line: what can be asked for, and how answers and errors are told.
//!
//! Answers go to standard output, errors and the log to standard error. Exit codes: 0 done, 1 a
//! problem was found or the request refused, 2 the command line itself was wrong.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use engine::StoreClock;

use crate::config::Config;
use crate::inherited::Inherited;
use crate::log::{self, LogControl};
use crate::node::{Node, NodeError, Options, Signals};
use crate::words::with_causes;

mod agents;
mod apply_help;
mod ask;
mod backup;
mod certificate;
mod check;
mod flight_recorder;
mod headset_phones;
mod headsets;
mod import;
mod kept;
mod new_file;
mod parts;
mod peers;
mod people;
mod secrets;
mod single_sign_on;
mod status;
mod store;
mod without_node;

/// Where a node's configuration is unless the command line says otherwise.
const CONFIG: &str = "/etc/jackfield/jackfield.toml";

/// A gateway for contact centres: agents work from their IP phones.
///
/// `jackfield demo` tries it out on this machine with nothing set up. `jackfield run` serves;
/// `jackfield check` tells beforehand everything that is wrong. The other commands ask a running
/// node through its local admin socket, which only the node's own user may open.
#[derive(Debug, Parser)]
#[command(name = "jackfield", version = crate::VERSION, after_help = EXIT_CODES)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 a problem was found or the request was refused, \
                          2 the command line was wrong.";

const RUN_HELP: &str = "\
Signals: SIGTERM and SIGINT drain and end with exit code 0: readiness fails, no connection is \
accepted any more, requests in hand end within limits.drain_seconds. SIGHUP reads the certificate \
files, the sealing keys and --settings FILE again; what does not verify is refused, and the old stays \
in force.

Example:
  jackfield run --config /etc/jackfield/jackfield.toml";

const CERTIFICATE_HELP: &str = "\
Phones reach a node over HTTPS only when they trust what it shows: import it, or the authority that \
signed it, into the call manager's phone-trust store, for every node. No key is printed.

Example:
  jackfield certificate > jackfield.pem
  jackfield certificate export > all-nodes.pem
  jackfield certificate show";

const PROBE_HELP: &str = "\
Nobody who works is disturbed: a pair's session that serves is not opened a second time, a phone's screen \
does not change but for a word in its status line (sip-device), a headset shows what it shows (headset), an \
account that a directory refused is left alone. The exit code is 1 unless all went well.

Example:
  jackfield probe
  jackfield probe cti east
  jackfield probe directory site
  jackfield probe sip-device SEP001122334455
  jackfield probe sip-next-hop edge
  jackfield probe headset SEP001122334455
  jackfield probe idp NAME";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve, in the foreground.
    #[command(after_long_help = RUN_HELP)]
    Run {
        /// The node's configuration (TOML).
        #[arg(long, value_name = "FILE", default_value = CONFIG)]
        config: PathBuf,
        /// Settings (YAML) to apply at start and on SIGHUP; they are read-only elsewhere then.
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
        /// Drain and end when standard input ends, for whoever starts it and shall not leave it behind.
        #[arg(long)]
        until_input_ends: bool,
    },
    /// Tell everything that is wrong with a configuration, each problem under its key.
    Check {
        /// The node's configuration (TOML).
        #[arg(long, value_name = "FILE", default_value = CONFIG)]
        config: PathBuf,
        /// Settings (YAML) to check too.
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
        /// Ask no database: a node waits for one that is away, so that is no reason not to start.
        #[arg(long)]
        offline: bool,
    },
    /// Apply a file of settings to the running node.
    #[command(after_long_help = apply_help::APPLY_HELP)]
    Apply {
        /// The file (YAML); `-` reads standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Make a link, good for a day and one use, by which the first administrator is made.
    SetUpLink {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Look at the audit log: what administrators did and who signed in.
    Audit {
        #[command(subcommand)]
        deed: people::AuditDeed,
    },
    /// Make and revoke tokens with which programs use the REST interface.
    Token {
        #[command(subcommand)]
        deed: people::TokenDeed,
    },
    /// Print all settings of the running node as YAML; secrets are hashes or sealed.
    Export {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Look at certificates and replace them; alone, print the one that phones are shown, as PEM.
    #[command(after_long_help = CERTIFICATE_HELP, args_conflicts_with_subcommands = true)]
    Certificate {
        #[command(subcommand)]
        deed: Option<certificate::CertificateDeed>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Print what has to stand in a phone's device file, ready to paste below its root `<device>`.
    PhoneConfig {
        /// The phone's name, such as SEP001122334455.
        device: String,
        /// The phone's address, for what is good from there alone.
        #[arg(long, value_name = "IP")]
        address: Option<std::net::IpAddr>,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Tell how the running node does.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Write all that the store holds into one encrypted file, or look at such a file.
    #[command(after_long_help = backup::BACKUP_HELP)]
    Backup(backup::BackupArguments),
    /// Replace all that the store holds by what is in a backup.
    #[command(after_long_help = backup::RESTORE_HELP)]
    Restore(backup::RestoreArguments),
    /// Remove what is older than the settings keep it, or show it.
    #[command(after_long_help = kept::RETENTION_HELP)]
    Retention {
        /// Show what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Remove what is kept of a person who is no longer in the settings, or show it.
    #[command(after_long_help = kept::ERASE_HELP)]
    Erase(kept::EraseArguments),
    /// Write what helps somebody else to understand the running node into a tar file; no secrets.
    SupportBundle {
        /// The file to write, such as support.tar; one that is there is not written over.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// With what links said in the last minutes, which holds personal data.
        #[arg(long)]
        with_flight_recorder: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Show what every link said in the last minutes, as one timeline; the audit log tells of it.
    #[command(after_long_help = flight_recorder::HELP)]
    FlightRecorder(flight_recorder::Arguments),
    /// Look at sealed secrets, and replace the key that they are sealed under.
    #[command(after_long_help = secrets::SECRETS_HELP)]
    Secrets {
        #[command(subcommand)]
        deed: secrets::SecretsDeed,
    },
    /// Look at single sign-on, test and switch it, and give out keys, metadata and secrets.
    #[command(after_long_help = single_sign_on::HELP)]
    Sso {
        #[command(subcommand)]
        deed: single_sign_on::SsoDeed,
    },
    /// Do something with a store as a whole.
    Store {
        #[command(subcommand)]
        deed: store::StoreDeed,
    },
    /// Take users, teams, reasons and the like over from another system or a table; the plan first.
    Import {
        #[command(subcommand)]
        source: import::Source,
    },
    /// Test one peer, step by step; without any, list what can be tested.
    #[command(after_long_help = PROBE_HELP)]
    Probe {
        /// Which sort of peer.
        #[arg(value_enum)]
        kind: Option<ProbeKind>,
        /// Its name: a pair, a phone, a directory, a next hop.
        name: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Do something with a directory (LDAP).
    Directory {
        #[command(subcommand)]
        deed: DirectoryDeed,
    },
    /// Look at the headsets that phones reported, and at the phones that are told of agent states.
    #[command(after_long_help = headsets::HEADSETS_HELP)]
    Headsets {
        #[command(subcommand)]
        deed: headsets::HeadsetsDeed,
    },
    /// Print the profile of the headset service that is built in, to write one of your own from.
    #[command(after_long_help = headset_phones::PROFILE_HELP)]
    HeadsetProfile,
    /// Do something for one agent.
    Agent {
        #[command(subcommand)]
        deed: agents::AgentDeed,
    },
    /// Begin or end a call, where the gateway owns voice state.
    Call {
        #[command(subcommand)]
        deed: agents::CallDeed,
    },
    /// Refuse sign-ins on this node, or take them again; who is signed in goes on.
    Maintenance {
        /// Whether to refuse.
        switch: Switch,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Read certificate files, sealing keys and the settings file again, as SIGHUP does.
    Reload {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Change what is logged for some minutes.
    LogLevel {
        /// error, warn, info, debug or trace.
        #[arg(value_parser = log::LEVELS)]
        level: String,
        /// After so many minutes the configured level holds again.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1_440))]
        minutes: u64,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Run everything on this machine alone, with agents and phones made up.
    Demo {
        /// Folder for what the demo keeps; it is made where it is missing.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// File that is written once everything answers: where it is and who may sign in (JSON).
        #[arg(long, value_name = "FILE")]
        endpoints: PathBuf,
        /// The port for phones; otherwise a free one is chosen and kept.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
        /// Let a simulated contact-centre server own voice state and calls. It is started beside this
        /// program; drive it with `jackfield-peers control`.
        #[arg(long)]
        cti: bool,
        /// Let people sign on at a simulated identity provider. It is started beside this program; the
        /// endpoints file names its people, and an application that may ask for tokens.
        #[arg(long)]
        sso: bool,
        /// Let private mail servers (Dovecot and Postfix, started as root) hold mailboxes of queues and of a
        /// customer. They are started beside this program; the endpoints file names them. Their folder is
        /// the demo's with `-mail` behind it.
        #[arg(long)]
        mail: bool,
        /// So many nodes, each a process of its own, on one private PostgreSQL (Debian's package
        /// postgresql). A node that ends is not started again by itself; SIGHUP does so.
        #[arg(long, value_name = "N", default_value_t = 1,
              value_parser = clap::value_parser!(u8).range(1..=3))]
        nodes: u8,
    },
    /// Print a script that completes these commands in a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of these commands into a folder, for whoever makes a package.
    #[command(hide = true)]
    ManualPages {
        /// The folder, which is there.
        folder: PathBuf,
    },
}

/// Which running node is asked.
#[derive(Debug, Args)]
struct WhichNode {
    /// The node's admin socket.
    #[arg(long, value_name = "SOCKET", conflicts_with = "config")]
    socket: Option<PathBuf>,
    /// The node's configuration, which says where its socket is.
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    config: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProbeKind {
    /// A pair of contact-centre servers, both sides.
    Cti,
    /// A phone that somebody uses.
    Phone,
    /// A directory, each of its servers.
    Directory,
    /// A receiver of the log; it gets one test message.
    Syslog,
    /// A receiver of alarms; it gets one test message.
    Alarm,
    /// A proxy on the way out: http or socks.
    Proxy,
    /// The store.
    Store,
    /// The certificate that this node shows.
    Certificate,
    /// A phone that speaks SIP: registered with this node, or behind a next hop.
    SipDevice,
    /// A next hop of SIP, each of its servers.
    SipNextHop,
    /// The headset of a phone: whose it is, and whether the phone takes what it shows.
    Headset,
    /// An identity provider: its metadata, and whether its place to sign on answers.
    Idp,
    /// The mailbox of a CSQ: its folders and rights, and the ways to read and to send.
    Mail,
}

#[derive(Debug, Subcommand)]
enum DirectoryDeed {
    /// Tell how taking agents over went the last time on this node.
    Status {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Take agents over now.
    Sync {
        /// The directory's name.
        name: String,
        /// Remove agents even where these are more than the settings let go at once.
        #[arg(long)]
        removals: bool,
        #[command(flatten)]
        node: WhichNode,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// Refuse sign-ins.
    On,
    /// Take sign-ins.
    Off,
}

/// A problem that ends the program with exit code 1, as lines for standard error.
#[derive(Debug)]
struct Problem(String);

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self(format!("error: {error}"))
    }
}

impl From<NodeError> for Problem {
    fn from(error: NodeError) -> Self {
        Self(format!("error: {}", with_causes(&error)))
    }
}

impl From<domain::Problems> for Problem {
    fn from(problems: domain::Problems) -> Self {
        Self(problems.to_string())
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let mut out = io::stdout().lock();
    match run(command_line.command, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Problem(text)) => {
            // Where nobody reads standard error there is nobody to tell.
            let _ = writeln!(io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, out: &mut impl Write) -> Result<(), Problem> {
    match command {
        Command::Run { config, settings, until_input_ends } => {
            serve(&config, settings, until_input_ends)
        }
        Command::Check { config, settings, offline } => {
            check::check(&config, settings.as_deref(), offline, out)
        }
        Command::Demo { dir, endpoints, port, cti, sso, mail, nodes } => {
            let runtime = runtime()?;
            let log = log::start(crate::config::LogConfig { json: false, level: "info" }, None);
            Ok(runtime.block_on(crate::demo::run(crate::demo::Demo {
                dir,
                endpoints,
                port,
                cti,
                sso,
                mail,
                nodes: usize::from(nodes),
                log,
            }))?)
        }
        Command::Store { deed } => store::store(deed, out),
        Command::Secrets { deed } => secrets::secrets(deed, out),
        Command::Import { source } => import::import(source, out),
        Command::Headsets { deed } => headsets::headsets(deed, out),
        Command::HeadsetProfile => Ok(write!(out, "{}", protocols::headset::Profile::sample())?),
        Command::Backup(arguments) => backup::backup(&arguments, out),
        Command::SupportBundle { file, with_flight_recorder: with, node } => {
            backup::support_bundle(&file, with, &node, out)
        }
        Command::Restore(arguments) => backup::restore(&arguments, out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut CommandLine::command(), "jackfield", &mut script);
            Ok(out.write_all(&script)?)
        }
        Command::ManualPages { folder } => {
            Ok(clap_mangen::generate_to(CommandLine::command(), folder)?)
        }
        command => ask::ask(command, out),
    }
}

fn serve(
    config: &std::path::Path,
    settings_file: Option<PathBuf>,
    until_input_ends: bool,
) -> Result<(), Problem> {
    // Before anything else is opened.
    let inherited = Inherited::receive();
    let config = Config::load(config)?;
    let log: LogControl = log::start(config.log, Some(&config.name));
    let inherited = inherited.unwrap_or_else(|error| {
        tracing::warn!(%error, "the sockets that were handed over cannot be used");
        Inherited::default()
    });
    let options = Options {
        config,
        settings_file,
        first_settings: None,
        log,
        clock: Arc::new(StoreClock::default()),
        surfaces: crate::surfaces::product(),
        inherited,
    };
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let mut signals = Signals::receive().map_err(NodeError::Signals)?;
        if until_input_ends {
            signals.stop_when_input_ends();
        }
        if let Some(node) = Node::start_unless_stopped(options, &mut signals).await? {
            node.run(signals).await;
        }
        Ok(())
    });
    // A store that is checked still, or a password that is hashed, is not waited for.
    runtime.shutdown_background();
    served
}

fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
