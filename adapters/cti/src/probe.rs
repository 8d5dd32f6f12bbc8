//! A test of a pair of servers that leaves the session that serves alone (OPS-15).
//!
//! A side that holds a session of this node is not opened a second time: servers refuse that, or end
//! the first. Where neither side has one, each is opened and closed again at once.

use std::time::Duration;

use domain::settings::{CtiPair, CtiSide};
use engine::probe::{Probe, StepOutcome};
use engine::{PairStatus, Port};
use protocols::cti::{Input, Output, Session, SessionSettings, Side, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::PairConfig;
use crate::link::now;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may take to answer an open request here.
const OPEN: Duration = Duration::from_secs(10);

/// Tests both sides of a pair.
pub async fn probe(port: &Port, pair: &CtiPair) -> Probe {
    let mut probe = Probe::new(format!("cti {}", pair.name));
    let config = match PairConfig::read(pair, port) {
        Ok(config) => config,
        Err(problem) => {
            probe.note("settings", StepOutcome::Failed, problem);
            return probe;
        }
    };
    let statuses = port.pair_statuses();
    let status = statuses.into_iter().find(|(name, _)| *name == pair.name);
    let status = status.map(|(_, status)| status).unwrap_or_default();
    let is_live = status.active_side.is_some() || status.standby_side.is_some();
    for side in [Side::A, Side::B] {
        let Some(address) = config.address(side).cloned() else { continue };
        let letter = if side == Side::A { 'a' } else { 'b' };
        let named = format!("side {letter} ({}:{})", address.host(), address.port());
        if let Some(words) = held(&status, letter) {
            probe.note(format!("{named}: session"), StepOutcome::Ok, words);
            continue;
        }
        let connected = probe.step(format!("{named}: connect"), connect(&address)).await;
        let Some(stream) = connected else { continue };
        if is_live {
            let words = "the other side has this node's session, which a second one might end";
            probe.note(format!("{named}: session"), StepOutcome::LeftOut, words);
            continue;
        }
        let session = config.session.clone();
        probe.step(format!("{named}: session"), open(stream, session)).await;
    }
    if let Some(problem) = &status.problem {
        probe.note("last problem of the link", StepOutcome::LeftOut, problem.clone());
    }
    probe
}

/// What a side is to the link that serves.
fn held(status: &PairStatus, letter: char) -> Option<&'static str> {
    if status.active_side == Some(letter) {
        return Some("it serves this node");
    }
    (status.standby_side == Some(letter)).then_some("it is open in reserve")
}

async fn connect(address: &CtiSide) -> Result<(TcpStream, String), String> {
    let connecting = TcpStream::connect((address.host(), address.port()));
    match timeout(CONNECT, connecting).await {
        Ok(Ok(stream)) => Ok((stream, "connected".to_owned())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// Opens a session and takes leave.
async fn open(mut stream: TcpStream, settings: SessionSettings) -> Result<((), String), String> {
    let mut session = Session::new(settings, now()).map_err(|error| error.to_string())?;
    let opening = async {
        let mut opened = None;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            while let Some(output) = session.poll() {
                match output {
                    Output::Transmit(bytes) => {
                        stream.write_all(&bytes).await.map_err(|error| error.to_string())?;
                    }
                    Output::Opened(granted) => {
                        let kind = granted.session_type;
                        opened = Some(format!("open, and closed again; the server says {kind:?}"));
                        session.close(now(), Status::NONE);
                    }
                    // The first one tells why; ours comes after it was open.
                    Output::Closed(reason) => return opened.ok_or_else(|| reason.to_string()),
                    _ => {}
                }
            }
            let read = stream.read(&mut buffer).await.map_err(|error| error.to_string())?;
            let received = buffer.get(..read).unwrap_or_default();
            let input = if read == 0 { Input::LinkClosed } else { Input::Received(received) };
            // What cannot be read ends the session, which tells so.
            let _ = session.handle(now(), input);
        }
    };
    match timeout(OPEN, opening).await {
        Ok(opened) => opened.map(|words| ((), words)),
        Err(_) => Err("no answer to the open request in time".to_owned()),
    }
}
