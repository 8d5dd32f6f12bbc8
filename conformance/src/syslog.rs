//! A syslog receiver, strict by the standards: RFC 5424, over UDP (RFC 5426), TCP (RFC 6587) and TLS
//! (RFC 5425).
//!
//! Written from these documents alone; it knows nothing of any gateway's code.
//!
//! - `message`: one message by the grammar, or the first thing that breaks it.
//! - `framing`: messages out of a stream.
//! - `server`: sockets; one JSON line for whatever comes.
//!
//! The first line is `ready` and the addresses. Then each message is one line, such as
//! `{"transport":"tcp","framing":"octet-counting","message":{...}}`; what breaks a rule is
//! `{"transport":"udp","violation":"...","raw":"..."}`; connections are told by `event`.

mod framing;
mod message;
mod server;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use self::server::Server;

/// Be a syslog receiver that prints what it is sent, and what is wrong with it, as JSON lines.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    jackfield-peers syslog-receiver --udp 127.0.0.1:5514 --tcp 127.0.0.1:5514 \\\n      \
    --tls 127.0.0.1:6514 --authority authority.pem")]
pub(crate) struct SyslogArguments {
    /// Where datagrams are received
    #[arg(long, value_name = "ADDRESS")]
    udp: Option<SocketAddr>,
    /// Where connections in the clear are taken
    #[arg(long, value_name = "ADDRESS")]
    tcp: Option<SocketAddr>,
    /// Where private connections are taken
    #[arg(long, value_name = "ADDRESS", requires = "authority")]
    tls: Option<SocketAddr>,
    /// The name in the certificate that is made for --tls
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    name: String,
    /// Where the certificate of the authority that vouches for it is written
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Let that certificate vouch for itself, with the mark of an authority
    #[arg(long)]
    self_signed: bool,
    /// Close every connection as soon as it is there
    #[arg(long)]
    close_at_once: bool,
}

/// Receives until the program is ended.
pub(crate) async fn run(
    arguments: SyslogArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let mut server = Server::bind(&arguments).await?;
    let written = |error: std::io::Error| error.to_string();
    writeln!(output, "ready {}", server.endpoints()).map_err(written)?;
    output.flush().map_err(written)?;
    while let Some(line) = server.next().await {
        writeln!(output, "{line}").map_err(written)?;
        output.flush().map_err(written)?;
    }
    Ok(0)
}
