//! The interface as its clients see it.

mod description;
mod flight_recorder;
mod events;
mod headset_phones;
mod headsets;
mod hostile;
mod node;
mod overview;
mod people;
mod settings;
mod states;
