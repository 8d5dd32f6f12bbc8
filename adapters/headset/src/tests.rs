//! The service in front of an engine in memory: phones that take notices, a contact centre that answers as it
//! is told, a clock by hand.

mod site;

mod discovery;
mod judging;
mod placing;
mod proving;
mod telling;
mod updates;
