//! The workspace in front of an engine in memory, as browsers ask it: no network.

mod access;
mod description;
mod events;
mod hostile;
mod leading;
mod numbers;
mod place;
mod scanning;
mod searching;
mod shown;
mod voice;
mod writing;
