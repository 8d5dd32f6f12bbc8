//! The interface as its clients see it.

mod description;
mod events;
mod headset_phones;
mod headsets;
mod hostile;
mod node;
mod people;
mod settings;
mod states;
