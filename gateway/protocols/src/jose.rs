//! Tokens that are signed and sealed: compact JWS and JWE, and the keys that go with them (RFC 7515 to 7518).
