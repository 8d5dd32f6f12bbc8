//! Public keys that a signature may be checked with.

/// A key that metadata named for signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedKey {
    /// RSA of at least 2,048 bits.
    Rsa {
        /// Modulus and exponent as PKCS #1 has them (DER).
        pkcs1_der: Vec<u8>,
        /// Bits of the modulus.
        bits: usize,
    },
    /// A point on the curve P-256.
    EcdsaP256 {
        /// The point, uncompressed: 65 bytes.
        point: Vec<u8>,
    },
}
