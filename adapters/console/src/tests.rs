//! The interface as its clients see it.

mod description;
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
mod settings;
mod states;
