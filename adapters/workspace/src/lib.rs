//! What agents' browsers ask for: contacts, answers, the own state, a team's view.
//!
//! ```text
//!   browser --REST--> Workspace --Command--> step        the session cookie of the console says who asks
//!   browser <--events-- stream <-- digital changes        an open stream is the browser's presence (DSK-03)
//! ```
//!
//! An agent is whoever the settings have under the id that the session stands for. What they may read are the
//! contacts in their hands, those of the same conversations and customers, and what a search of their CSQs finds;
//! supervisors read what waits and what their teams' agents have. Mails are shown from their bytes each time, cleaned
//! by the rules of this program, never as they came.

mod answer;
mod contacts;
mod conversation;
mod desk;
mod gadget;
mod history;
mod lately;
mod numbers;
mod openapi;
mod problem;
pub mod scanner;
mod scanning;
mod search;
mod stream;
mod surface;
mod team;
mod told;
mod writing;

#[cfg(test)]
mod tests;

pub use surface::Workspace;
