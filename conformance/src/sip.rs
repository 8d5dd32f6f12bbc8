//! Cisco phones that register by SIP, simulated, and the load of thousands of them.
//!
//! Written from the RFCs and public notes on these phones alone; it knows nothing of any gateway's code.
//!
//! - `grammar`, `message`, `body`, `digest`: what messages are made of, read strictly.
//! - `compose`: what phones send; `identity`: who they are and how they behave.
//! - `judge`: what is wrong with what a server sent.
//! - `handset`: one phone as a machine without sockets; `event`: what it tells.
//! - `link`: connections and the task of one phone; `driver`: phones driven by lines of words.
//! - `load`: thousands of phones, and peers that mean harm.
//! - `options`: command line and endpoints file; `chance`: random text.

mod body;
mod chance;
mod compose;
mod digest;
pub(crate) mod driver;
pub(crate) mod event;
mod grammar;
pub(crate) mod handset;
pub(crate) mod identity;
mod judge;
pub(crate) mod link;
pub(crate) mod load;
pub(crate) mod message;
pub(crate) mod options;

#[cfg(test)]
pub(crate) mod tests;

use std::io::{BufRead, Write};

use self::options::Phones;

pub(crate) use self::load::{SipLoadArguments, run as run_load};
pub(crate) use self::options::SipPhoneArguments;

/// Runs phones until their input ends; answers the exit code.
pub(crate) async fn run_phone(
    arguments: SipPhoneArguments,
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
) -> Result<u8, String> {
    let phones = arguments.settle().await?;
    let Phones { handsets, route, origin, registers, stays } = phones;
    driver::run(handsets, route, origin, registers, stays, input, output)
        .await
        .map_err(|error| error.to_string())
}
