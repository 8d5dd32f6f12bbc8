//! Our own promises, checked from outside: end to end, simulation, house rules.
