//! Join codes: six characters of Crockford's Base32, which leaves out I, L, O and U, so that people can read them to each
//! other (<https://www.crockford.com/base32.html>).

use crate::error::{Error, Result};

/// Characters of a code: about a thousand million of them.
pub const CODE_CHARS: usize = 6;
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code of some random bits.
pub(super) fn of(bits: u64) -> String {
    let digit = |at: usize| DIGITS.get((bits >> (5 * at)) as usize % DIGITS.len()).copied().unwrap_or(b'0');
    (0..CODE_CHARS).map(|at| char::from(digit(at))).collect()
}

/// A code as people write it: in small letters, with hyphens and spaces, with O for 0 and I or L for 1.
pub(super) fn read(text: &str) -> Result<String> {
    let wrong = || Error::invalid(format!("a code has {CODE_CHARS} letters and digits"));
    let mut code = String::with_capacity(CODE_CHARS);
    for char in text.chars().filter(|char| !matches!(char, '-' | ' ')) {
        let digit = match char.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            digit if digit.is_ascii() && DIGITS.contains(&(digit as u8)) => digit,
            _ => return Err(wrong()),
        };
        code.push(digit);
        if code.len() > CODE_CHARS {
            return Err(wrong());
        }
    }
    if code.len() == CODE_CHARS { Ok(code) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_as_people_write_them() {
        assert_eq!(of(0), "000000");
        assert_eq!(of(u64::MAX), "ZZZZZZ");
        assert_eq!(read("ab1-2ZZ").unwrap(), "AB12ZZ");
        assert_eq!(read("oil il0").unwrap(), "011110");
        for bits in [1, 0x1234_5678_9abc, u64::MAX / 3] {
            assert_eq!(read(&of(bits).to_lowercase()).unwrap(), of(bits));
        }
        for wrong in ["", "12345", "1234567", "12345U", "12345é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
