//! The workspace in front of an engine in memory, as browsers ask it: no network.

mod access;
mod events;
mod hostile;
mod leading;
mod place;
mod searching;
mod shown;
mod writing;
