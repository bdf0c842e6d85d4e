//! Passwords of lobbies, as Argon2id hashes.
//!
//! The crate `argon2` (RustCrypto) was preferred to `scrypt` because Argon2id is the first choice of OWASP and RFC 9106, and
//! its strings carry their own parameters, so that these can grow. They are the smallest of OWASP's equivalent choices in
//! memory, 7 MiB and 5 passes: a game server checks passwords on the threads that its players wait for, many at a time,
//! and what they protect lives for an evening.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};

use super::chance::Chance;
use crate::error::{Error, Kind, Result};

const MEMORY_KIB: u32 = 7 << 10;
const PASSES: u32 = 5;
/// A file that asks for more of either is not believed: checking its hash could take for ever.
const MOST_MEMORY_KIB: u32 = 64 << 10;
const MOST_PASSES: u32 = 64;

/// The hash of a password with a new salt, as a PHC string; None for the empty password.
pub(super) fn hash(password: &str, chance: &Chance) -> Result<Option<String>> {
    if password.is_empty() {
        return Ok(None);
    }
    let salt = [chance.bits()?.to_be_bytes(), chance.bits()?.to_be_bytes()].concat();
    let failed = |error: &dyn std::fmt::Display| Error::new(Kind::Panic, format!("hash a password: {error}"));
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| failed(&error))?;
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| failed(&error))?;
    Ok(Some(hash.to_string()))
}

/// Whether a password has a hash.
pub(super) fn matches(password: &str, hash: &str) -> Result<bool> {
    let damaged = || Error::new(Kind::Corrupt, "the hash of a lobby's password is damaged");
    let hash = PasswordHash::new(hash).map_err(|_| damaged())?;
    let params = Params::try_from(&hash).map_err(|_| damaged())?;
    if params.m_cost() > MOST_MEMORY_KIB || params.t_cost() > MOST_PASSES {
        return Err(damaged());
    }
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_matches_and_equal_ones_look_different() {
        let chance = Chance::default();
        let made = hash("hunter2", &chance).unwrap().unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{made}");
        assert!(matches("hunter2", &made).unwrap());
        assert!(!matches("hunter3", &made).unwrap() && !matches("", &made).unwrap());
        assert_ne!(hash("hunter2", &chance).unwrap().unwrap(), made);
        assert_eq!(hash("", &chance).unwrap(), None);
    }

    #[test]
    fn hashes_that_would_cost_too_much_are_damage() {
        let made = hash("x", &Chance::default()).unwrap().unwrap();
        for (from, to) in
            [("m=7168", "m=4000000"), ("t=5", "t=1000000"), ("$argon2id", "$unknown"), ("p=1", "p=0")]
        {
            let tampered = made.replace(from, to);
            assert!(!matches!(matches("x", &tampered), Ok(true)), "{tampered}");
        }
        assert_eq!(matches("x", "plain").unwrap_err().kind(), Kind::Corrupt);
    }
}
