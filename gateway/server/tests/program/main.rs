//! The program as its users meet it: the real binary, its exit codes, signals and files.

#![cfg(test)]

mod backup;
mod certificates;
mod check;
mod credentials;
mod demo;
mod import;
mod place;
mod run;
mod secrets;
mod sip;
mod support;
