//! Whole visits: what a phone is given for what it asks.

mod hostile;
mod sessions;
mod signing_in;
mod working;
