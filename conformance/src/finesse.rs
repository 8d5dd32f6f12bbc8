//! A Finesse server's REST interface, simulated: the lists an administrator may read, strict by the guide.
//!
//! Written from Cisco's "Finesse REST API Developer Guide" alone. Its users, teams and reasons hold all
//! that is odd at real sites. Every connection is TLS, every request needs Basic credentials, and what
//! a client must not do is kept as a violation: the program ends with 1 where there was any.
//!
//! - `population`: whom it knows; `documents`: the XML of each list.
//! - `server`: sockets, credentials, the lock after five wrong passwords, faults.

mod documents;
mod population;
mod server;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use self::population::Population;
use self::server::Server;

/// Be a Finesse server's REST interface (`/finesse/api/...`) with users, teams, reasons and layouts.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Once it listens, one line `ready {...}` on standard output names its address \
                        and the certificate of its authority. Without --fault every list is whole."
)]
pub(crate) struct FinesseArguments {
    /// Address to listen at; its certificate is for `localhost`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// So many users
    #[arg(long, value_name = "N", default_value_t = 2_000,
          value_parser = clap::value_parser!(u32).range(1..=24_000))]
    users: u32,
    /// The administrator that may read
    #[arg(long, value_name = "USER", default_value = "administrator")]
    user: String,
    /// The administrator's password
    #[arg(long, value_name = "PASSWORD", default_value = "finesse-secret")]
    password: String,
    /// What is wrong with it
    #[arg(long, value_enum)]
    fault: Option<Fault>,
    /// File to write the authority's certificate to (PEM)
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// End when standard input ends
    #[arg(long)]
    until_input_ends: bool,
}

/// What is wrong with the server, on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Every password is wrong.
    Unauthorized,
    /// 503, out of service.
    Unavailable,
    /// Ends the connection in the middle of a list.
    CutBody,
    /// A list without an end.
    HugeBody,
    /// HTML instead of XML, as a proxy sends it.
    Html,
    /// No list of teams, as older servers have none.
    NoTeams,
}

/// Runs the server until the program is ended.
pub(crate) async fn run(
    arguments: FinesseArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let population = Population::of(arguments.users);
    let server = Server::bind(
        arguments.listen,
        population,
        (arguments.user, arguments.password),
        arguments.fault,
    )
    .await?;
    if let Some(path) = &arguments.authority {
        std::fs::write(path, server.authority_pem())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let ready = json!({"finesse": server.address(), "authority_pem": server.authority_pem()});
    writeln!(output, "ready {ready}").map_err(|error| error.to_string())?;
    output.flush().map_err(|error| error.to_string())?;
    tokio::select! {
        () = server.run() => {}
        () = input_ends(), if arguments.until_input_ends => {}
    }
    let violations = server.violations();
    for violation in &violations {
        // Nothing is left to tell it to if even this cannot be written.
        let _ = writeln!(std::io::stderr(), "finesse-server: violation: {violation}");
    }
    Ok(u8::from(!violations.is_empty()))
}

/// Waits for the end of standard input; what comes before it is passed over.
async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Whoever waits may be gone.
        let _ = ended.send(());
    });
    let _ = end.await;
}
