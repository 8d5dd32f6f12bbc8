//! What applications ask of an authorization server, and what it answers (RFC 6749, 7636, 8414, 9207, 9700).
