//! What is written and read, in the built-in profile and in others.

mod exact;
mod masked;
mod mutations;
mod profiles;
mod refusals;
mod round_trips;
mod routes;

use std::str::FromStr;

use serde_json::Value;

use super::*;

fn device(name: &str) -> DeviceName {
    DeviceName::new(name).unwrap()
}

fn moment(seconds: i64) -> Moment {
    Moment::from_microseconds(seconds * 1_000_000)
}

/// A profile out of TOML.
fn profile(file: &str) -> Profile {
    Profile::read(&toml_value(file)).unwrap()
}

fn toml_value(file: &str) -> Value {
    serde_json::to_value(toml::Table::from_str(file).unwrap()).unwrap()
}
