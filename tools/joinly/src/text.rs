//! Bytes, durations and sizes as people write them.

use std::fmt::Write;
use std::time::Duration;

/// A key of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

/// Reads a key in which `\xNN`, `\n`, `\t`, `\r`, `\0` and `\\` stand for bytes.
pub fn parse_key(text: &str) -> Result<Key, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let mut chars = escaped.chars();
        bytes.push(match chars.next() {
            Some('\\') => b'\\',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('r') => b'\r',
            Some('0') => 0,
            Some('x') => {
                let digits = escaped.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                chars.nth(1);
                digits.ok_or_else(|| format!("{text:?}: \\x needs two hexadecimal digits"))?
            }
            _ => return Err(format!("{text:?}: \\ begins \\xNN, \\n, \\t, \\r, \\0 or \\\\")),
        });
        rest = chars.as_str();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(Key(bytes))
}

/// Bytes in that form: what is not printable text is escaped, so that it is one line and no terminal acts on it.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                c if c.is_control() => c.to_string().bytes().for_each(|byte| hex(&mut text, byte)),
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| hex(&mut text, *byte));
    }
    text
}

fn hex(text: &mut String, byte: u8) {
    // Writing into a string does not fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// Reads a duration: a number and `ms`, `s`, `m`, `h` or `d`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let millis = match text.get(digits.len()..) {
        Some("ms") => 1,
        Some("s") => 1000,
        Some("m") => 60_000,
        Some("h") => 3_600_000,
        Some("d") => 86_400_000,
        _ => 0,
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(millis));
    match number {
        Some(number) if number > 0 => Ok(Duration::from_millis(number)),
        _ => Err(format!("{text:?} is no duration: 500ms, 30s, 5m, 2h, 7d")),
    }
}

/// A size with a unit.
pub fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_bytes_are_written_and_read() {
        for bytes in
            [&b"player:1"[..], b"", b"a\\b", b"\0\xff\n\t\r\x7f", "J\u{f6}rg\u{85}".as_bytes(), b"\xc3(\\x"]
        {
            let text = escape(bytes);
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert_eq!(parse_key(&text), Ok(Key(bytes.to_vec())), "{text}");
        }
        assert_eq!(parse_key("\\0\\x41"), Ok(Key(b"\0A".to_vec())));
    }

    #[test]
    fn broken_escapes_are_refused() {
        for text in ["\\", "a\\q", "\\x", "\\x1", "\\xg0", "\\x\u{e4}"] {
            assert!(parse_key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("2d"), Ok(Duration::from_secs(172_800)));
        for text in
            ["", "5", "s", "-1s", "0s", "1.5s", "1w", "99999999999999999999d", "18446744073709551615d"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
