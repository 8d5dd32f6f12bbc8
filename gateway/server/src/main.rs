//! The program `jackfield`.

fn main() {}
