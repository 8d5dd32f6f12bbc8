//! Argon2id: hashes of passwords in their usual text form (PHC), made and verified.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use domain::Secret;
use subtle::ConstantTimeEq;

/// What is verified where there is no hash, so that it takes as long: of a password nobody knows.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGtub3dzIHRoaXM$\
                      3Zk9n3o2bqV0bQ6i7y0q1v3m8s2nq0mJm5r9d7Xk4oE";
/// The most memory of a hash, in KiB; a larger one could take the node's with a few sign-ins.
const MEMORY_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;
/// Reserved for each hash, in blocks of 1 KiB, though fewer are used. The C library gives an
/// allocation of more than 32 MiB back to the system when it is freed; of smaller ones it kept
/// some 20 MiB for each thread that ever hashed.
const BLOCKS_RESERVED: usize = 33 * 1024;

/// A password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password cannot be hashed on this machine")]
pub(crate) struct HashingError;

/// What a text of a hash says.
struct Parsed {
    parameters: Params,
    version: Version,
    salt: Salt,
    output: Output,
}

/// Argon2id with 19 MiB, two passes, one lane: about 20 ms.
pub(super) fn hash(password: &Secret) -> Result<String, HashingError> {
    let salt = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let salt = Salt::new(&salt.map_err(|_| HashingError)?.expose()).map_err(|_| HashingError)?;
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    fill(password, Version::V0x13, Params::DEFAULT, &salt, &mut output).ok_or(HashingError)?;
    let parameters = (&Params::DEFAULT).try_into().map_err(|_| HashingError)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: parameters,
        salt: Some(salt),
        hash: Some(Output::new(&output).map_err(|_| HashingError)?),
    };
    Ok(hash.to_string())
}

/// Whether `password` is that of `hash`; without a hash it takes as long and is wrong.
pub(super) fn verify(password: &Secret, hash: Option<&str>) -> bool {
    let (text, known) = (hash.unwrap_or(NOBODY), hash.is_some());
    let Some(Parsed { parameters, version, salt, output }) = parse(text) else { return false };
    let mut found = vec![0; output.len()];
    let filled = fill(password, version, parameters, &salt, &mut found).is_some();
    bool::from(found.ct_eq(output.as_bytes())) && filled && known
}

/// Whether `hash` is an argon2id hash that can be verified here at a bearable price.
pub(crate) fn is_usable_hash(hash: &str) -> bool {
    parse(hash).is_some()
}

fn parse(text: &str) -> Option<Parsed> {
    let hash = PasswordHash::new(text).ok()?;
    let parameters = Params::try_from(&hash).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let bearable = parameters.m_cost() <= MEMORY_MAX
        && parameters.t_cost() <= PASSES_MAX
        && parameters.p_cost() <= LANES_MAX;
    let fits = bearable && hash.algorithm == Algorithm::Argon2id.ident();
    let (salt, output) = (hash.salt?, hash.hash?);
    fits.then_some(Parsed { parameters, version, salt, output })
}

fn fill(
    password: &Secret,
    version: Version,
    parameters: Params,
    salt: &[u8],
    output: &mut [u8],
) -> Option<()> {
    let count = parameters.block_count();
    let mut memory = Vec::with_capacity(count.max(BLOCKS_RESERVED));
    memory.resize(count, Block::default());
    Argon2::new(Algorithm::Argon2id, version, parameters)
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, output, &mut memory)
        .ok()
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hashed = hash(&Secret::new("demo-1001")).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify(&Secret::new("demo-1001"), Some(&hashed)));
        assert!(!verify(&Secret::new("demo-1002"), Some(&hashed)));
        assert!(!verify(&Secret::new("demo-1001"), None));
        assert!(!verify(&Secret::new("demo-1001"), Some("$argon2id$broken")));
    }

    /// Otherwise an account that does not exist would be told by the time it takes.
    #[test]
    fn the_hash_of_nobody_costs_what_others_cost() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash(&Secret::new("x")).unwrap();
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(nobody.algorithm, somebody.algorithm);
        let cost = |hash| Params::try_from(hash).unwrap();
        let (nobody, somebody) = (cost(&nobody), cost(&somebody));
        assert_eq!(nobody.m_cost(), somebody.m_cost());
        assert_eq!(nobody.t_cost(), somebody.t_cost());
        assert_eq!(nobody.p_cost(), somebody.p_cost());
        assert_eq!(nobody.output_len(), somebody.output_len());
    }

    #[test]
    fn only_bearable_hashes_are_taken() {
        assert!(is_usable_hash(&hash(&Secret::new("x")).unwrap()));
        assert!(is_usable_hash(NOBODY));
        let tail = NOBODY.split_once("p=1").unwrap().1;
        for bad in [
            "$argon2id$x".to_owned(),
            format!("$argon2i$v=19$m=19456,t=2,p=1{tail}"),
            format!("$argon2id$v=19$m=4194304,t=2,p=1{tail}"),
            format!("$argon2id$v=19$m=19456,t=1000,p=1{tail}"),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
        ] {
            assert!(!is_usable_hash(&bad), "{bad}");
        }
    }

    /// What others hashed is verified here, and the other way round.
    #[test]
    fn the_text_is_what_everybody_writes() {
        let theirs = Argon2::default().hash_password(b"demo").unwrap().to_string();
        assert!(verify(&Secret::new("demo"), Some(&theirs)));
        let ours = hash(&Secret::new("demo")).unwrap();
        let parsed = PasswordHash::new(&ours).unwrap();
        assert!(Argon2::default().verify_password(b"demo", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"omed", &parsed).is_err());
        assert_ne!(hash(&Secret::new("demo")).unwrap(), ours);
    }
}
