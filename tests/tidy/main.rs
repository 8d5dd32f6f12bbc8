//! The house rules as tests: what this suite does not check is not a rule.
//!
//! Everything is read from the files of the checkout, nothing is started but cargo and git. Each test
//! reports every breach at once and says how to mend it. Exceptions are tables beside their rule, each
//! with a reason; one that is no longer needed fails too, so the tables can only shrink.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is test code, which says what it expects by failing"
)]

mod changelog;
mod checkout;
mod clocks;
mod dependencies;
mod edges;
mod licences;
mod manifests;
mod purity;
mod requirements;
mod sip_acceptance;
mod sources;
mod texts;
mod tokens;
mod tree;
