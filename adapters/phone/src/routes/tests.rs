//! Whole visits: what a phone is given for what it asks.

mod centre_calls;
mod centre_signing_in;
mod centre_working;
mod hostile;
mod nodes;
mod recorded;
mod sessions;
mod sights;
mod signing_in;
mod single_sign_on;
mod working;
