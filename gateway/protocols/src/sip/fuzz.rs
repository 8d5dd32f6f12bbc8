//! What must hold for any bytes at all. Each function panics where something does not, which is what a fuzzer
//! looks for.

mod headers;
mod naive;
mod wire;

pub use headers::fuzz_headers;
pub use wire::fuzz_wire;
