//! The tree, canonical XML, signatures, and messages of every kind of attacker.

mod trees;
