//! The interface as its clients see it.

mod description;
mod digital;
mod events;
mod flight_recorder;
mod headset_phones;
mod headsets;
mod hostile;
mod identity;
mod mails_aside;
mod node;
mod overview;
mod people;
pub(crate) mod reports;
mod settings;
mod states;
