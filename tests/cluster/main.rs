//! Several nodes on one PostgreSQL that die, lose their database and get it back: the fault rounds.
//!
//! Real `jackfield` processes, each with a proxy of its own before the database; engines in this process
//! where a clock has to jump. Agents' clients act on live nodes all the time and write down what they were
//! told; afterwards the log of the database is compared with that. `JACKFIELD_ROUNDS` is how often a node
//! is killed, 10 unless it says otherwise. The program is `JACKFIELD_BIN`, else the one beside this test's
//! folder.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly"
)]

mod clients;
mod engines;
mod ledger;
mod machines;
mod record;
mod run;

mod clocks;
mod database;
mod disk;
mod mixed;
mod network;
mod promises;
mod rounds;
