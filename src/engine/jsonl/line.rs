//! Lines of text, some of which end with a checksum of themselves.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

const BEFORE: &[u8] = br#", "checksum": ""#;
const AFTER: &[u8] = br#""}"#;
const DIGITS: usize = 16;

/// A line of a file, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// From 1 on.
    pub number: usize,
    /// Where it starts in the file.
    pub start: usize,
    pub text: &'a [u8],
    /// Whether it has an end; only the last of a file has none.
    pub ended: bool,
}

/// The lines of a file.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    (1..).zip(file.split_inclusive(|byte| *byte == b'\n')).map(move |(number, whole)| {
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = Line { number, start, text, ended: text.len() < whole.len() };
        start += whole.len();
        line
    })
}

impl Line<'_> {
    /// Whether somebody left it empty.
    pub fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }
}

/// What tells a line that was written here from one that was edited.
pub(super) fn checksum(line: &[u8]) -> u64 {
    xxh3_64(line)
}

/// Ends the line that starts at `start` and is an object without its closing brace: with a checksum, to which that of the
/// line before it contributes. Answers the checksum.
pub(super) fn seal(text: &mut Vec<u8>, start: usize, before: u64) -> u64 {
    let sum = xxh3_64_with_seed(text.get(start..).unwrap_or_default(), before);
    text.extend_from_slice(BEFORE);
    text.extend_from_slice(format!("{sum:0DIGITS$x}").as_bytes());
    text.extend_from_slice(AFTER);
    text.push(b'\n');
    sum
}

/// The checksum of a line, if it is true.
pub(super) fn sealed(line: &[u8], before: u64) -> Option<u64> {
    let rest = line.strip_suffix(AFTER)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    let sum = xxh3_64_with_seed(rest.strip_suffix(BEFORE)?, before);
    (digits == format!("{sum:0DIGITS$x}").as_bytes()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_sealed_line_is_found() {
        let mut text = b"other\n".to_vec();
        text.extend_from_slice(br#"{"a": 1"#);
        let sum = seal(&mut text, 6, 7);
        let line = text[6..].strip_suffix(b"\n").unwrap();
        assert_eq!(line, format!(r#"{{"a": 1, "checksum": "{sum:016x}"}}"#).as_bytes());
        assert_eq!(sealed(line, 7), Some(sum));
        assert_eq!(sealed(line, 8), None);
        for bit in 0..line.len() * 8 {
            let mut damaged = line.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealed(&damaged, 7), None, "bit {bit}");
        }
        assert_eq!(sealed(b"", 7), None);
    }

    #[test]
    fn a_file_is_cut_into_lines() {
        let cut: Vec<_> =
            lines(b"a\n\nb").map(|line| (line.number, line.start, line.text, line.ended)).collect();
        assert_eq!(cut, [(1, 0, &b"a"[..], true), (2, 2, b"", true), (3, 3, b"b", false)]);
        assert_eq!(lines(b"").count(), 0);
    }
}
