//! Single sign-on at the real program: people by an identity provider, applications by tokens.

mod attacks;
mod browser;
mod console;
mod journeys;
mod nodes;
mod phones;
mod place;
mod tokens;
