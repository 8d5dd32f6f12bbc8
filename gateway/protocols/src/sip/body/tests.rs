//! Bodies: exact bytes, round trips, hostile input.
