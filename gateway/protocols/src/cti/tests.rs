//! Exact bytes, round trips and hostile input.
