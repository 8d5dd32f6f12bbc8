//! The tree, canonical XML, signatures, and messages of every kind of attacker.

mod canonical;
mod forms;
mod good;
mod hostile;
mod mutations;
mod requests;
mod rules;
mod signatures;
mod signer;
mod trees;
mod values;
mod wrapping;
