//! Randomness, handed in, so that a simulation can repeat itself.

use ring::rand::SecureRandom as _;

/// Gives random bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`; false where the machine gives no randomness.
    fn fill(&self, bytes: &mut [u8]) -> bool;
}

/// The machine's randomness.
#[derive(Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// The machine's randomness.
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        self.0.fill(bytes).is_ok()
    }
}
