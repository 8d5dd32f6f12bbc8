//! The service in front of engines in memory: identity providers that sign for themselves, browsers with cookies,
//! applications, a clock by hand. No network.

mod browser;
mod idp;
mod log;
mod place;

mod confusion;
mod discovery;
mod flows;
mod keys;
mod sign_on;
mod trading;
mod trust;
