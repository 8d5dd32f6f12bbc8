//! Simulated peers that judge a gateway from outside, by the documents alone.
//!
//! Each peer is a subcommand and a module of its own; they share no code with the product.

mod cti;
mod finesse;
mod headset;
mod idp;
mod mail;
mod phone;
mod sip;
mod syslog;
mod tls;

use std::io::{BufReader, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use self::cti::{ControlArguments, CtiArguments};
use self::finesse::FinesseArguments;
use self::headset::HeadsetLoadArguments;
use self::idp::{IdpArguments, MessagesArguments};
use self::mail::{MailReadArguments, MailSendArguments, MailServersArguments};
use self::phone::PhoneArguments;
use self::sip::{SipLoadArguments, SipPhoneArguments};
use self::syslog::SyslogArguments;

/// Simulated peers of a contact-centre gateway, strict by the documents.
#[derive(Debug, Parser)]
#[command(name = "jackfield-peers", version)]
struct Arguments {
    #[command(subcommand)]
    peer: Peer,
}

#[derive(Debug, Subcommand)]
enum Peer {
    Phone(Box<PhoneArguments>),
    CtiServer(Box<CtiArguments>),
    Control(ControlArguments),
    SyslogReceiver(SyslogArguments),
    FinesseServer(FinesseArguments),
    SipPhone(Box<SipPhoneArguments>),
    SipLoad(Box<SipLoadArguments>),
    HeadsetLoad(Box<HeadsetLoadArguments>),
    Idp(Box<IdpArguments>),
    SamlMessages(Box<MessagesArguments>),
    MailServers(Box<MailServersArguments>),
    MailSend(Box<MailSendArguments>),
    MailRead(Box<MailReadArguments>),
    /// Judge one stored page of IP phone services; exits with 1 if there are violations
    CheckPage {
        /// The phone it is for; `jackfield-peers models` lists them
        #[arg(long)]
        model: String,
        /// Content-Type it came with; without any, only the XML declaration is judged
        #[arg(long)]
        content_type: Option<String>,
        /// Judge it as pushed rather than fetched
        #[arg(long)]
        push: bool,
        /// The page
        file: PathBuf,
    },
    /// List the phones this program can be
    Models,
    /// Write the manual pages of these commands into a folder, for whoever makes a package
    #[command(hide = true)]
    ManualPages {
        /// The folder, which is there
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            // Nothing is left to tell it to if even this cannot be written.
            let _ = writeln!(stderr(), "jackfield-peers: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<u8, String> {
    let io = |error: std::io::Error| error.to_string();
    match arguments.peer {
        Peer::Phone(arguments) => {
            let runtime = runtime()?;
            let code = runtime.block_on(phone::run(
                *arguments,
                BufReader::new(stdin()),
                &mut stdout(),
                &mut stderr(),
            ));
            // Requests still under way are nobody's concern any more.
            runtime.shutdown_background();
            code
        }
        Peer::CtiServer(arguments) => runtime()?.block_on(cti::run(*arguments, &mut stdout())),
        Peer::FinesseServer(arguments) => {
            runtime()?.block_on(finesse::run(arguments, &mut stdout()))
        }
        Peer::SipPhone(arguments) => {
            let runtime = runtime()?;
            let input = BufReader::new(stdin());
            let code = runtime.block_on(sip::run_phone(*arguments, input, &mut stdout()));
            // Phones have no end of their own.
            runtime.shutdown_background();
            code
        }
        Peer::SipLoad(arguments) => {
            let runtime = runtime()?;
            let code = runtime.block_on(sip::run_load(*arguments, &mut stdout()));
            // Phones have no end of their own.
            runtime.shutdown_background();
            code
        }
        Peer::HeadsetLoad(arguments) => {
            let runtime = runtime()?;
            let code = runtime.block_on(headset::run_load(*arguments, &mut stdout()));
            // Phones have no end of their own.
            runtime.shutdown_background();
            code
        }
        Peer::Idp(arguments) => {
            let runtime = runtime()?;
            let code = runtime.block_on(idp::run(*arguments, &mut stdout()));
            // Connections that browsers keep open are nobody's concern any more.
            runtime.shutdown_background();
            code
        }
        Peer::SamlMessages(arguments) => idp::run_messages(&arguments, &mut stdout()),
        Peer::MailServers(arguments) => {
            let runtime = runtime()?;
            let code = runtime.block_on(mail::run_servers(*arguments, &mut stdout()));
            // Standard input may still be waited for.
            runtime.shutdown_background();
            code
        }
        Peer::MailSend(arguments) => runtime()?.block_on(mail::run_send(*arguments, &mut stdout())),
        Peer::MailRead(arguments) => runtime()?.block_on(mail::run_read(*arguments, &mut stdout())),
        Peer::Control(arguments) => {
            let (text, done) = runtime()?.block_on(cti::run_control(&arguments))?;
            stdout().write_all(text.as_bytes()).map_err(io)?;
            Ok(u8::from(!done))
        }
        Peer::SyslogReceiver(arguments) => {
            runtime()?.block_on(syslog::run(arguments, &mut stdout()))
        }
        Peer::CheckPage { model, content_type, push, file } => {
            let bytes =
                std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let (report, clean) = phone::check_page(&bytes, content_type.as_deref(), &model, push)?;
            stdout().write_all(report.as_bytes()).map_err(io)?;
            Ok(u8::from(!clean))
        }
        Peer::Models => {
            stdout().write_all(phone::models().as_bytes()).map_err(io)?;
            Ok(0)
        }
        Peer::ManualPages { folder } => {
            clap_mangen::generate_to(Arguments::command(), folder).map_err(io)?;
            Ok(0)
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().map_err(|error| error.to_string())
}
