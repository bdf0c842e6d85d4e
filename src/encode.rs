//! What the journal and the change log consist of, onto the end of bytes and back: integers as varints (LEB128), signed
//! ones in zigzag, runs of bytes and sequences after their length. It is the format of postcard
//! (<https://postcard.jamesmunns.com/wire-format>).

/// An unsigned integer.
#[inline]
pub(crate) fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A signed integer.
#[inline]
pub(crate) fn zigzag(value: i64, bytes: &mut Vec<u8>) {
    varint((value << 1 ^ value >> 63).cast_unsigned(), bytes);
}

/// A run of bytes.
#[inline]
pub(crate) fn run(run: &[u8], bytes: &mut Vec<u8>) {
    varint(run.len() as u64, bytes);
    bytes.extend_from_slice(run);
}

/// What is left of encoded bytes. Its parts are None when they are damaged.
pub(crate) struct Parts<'a>(pub &'a [u8]);

impl<'a> Parts<'a> {
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    pub fn varint(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte has room for one bit.
                return (shift < 63 || byte <= 1).then_some(value);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    #[inline]
    pub fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    #[inline]
    pub fn run(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (run, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(run)
    }

    /// As many as the length before them says.
    pub fn sequence<T>(&mut self, mut each: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = self.varint()?;
        // No memory is taken for a length that is damaged.
        (0..len).map(|_| each(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_round_trip() {
        let numbers = (0..64).flat_map(|shift| [(1_u64 << shift) - 1, 1 << shift]).chain([u64::MAX]);
        for number in numbers {
            let (mut bytes, some) = (Vec::new(), &number.to_le_bytes()[..(number % 9) as usize]);
            varint(number, &mut bytes);
            zigzag(number.cast_signed(), &mut bytes);
            run(some, &mut bytes);
            let mut parts = Parts(&bytes);
            assert_eq!((parts.varint(), parts.zigzag()), (Some(number), Some(number.cast_signed())));
            assert_eq!(parts.run(), Some(some));
            assert_eq!((parts.byte(), parts.varint(), parts.run()), (None, None, None));
        }
    }

    #[test]
    fn the_bytes_never_change() {
        let mut bytes = Vec::new();
        [0, 127, 128, u64::MAX].into_iter().for_each(|number| varint(number, &mut bytes));
        [0, -1, 1, i64::MIN].into_iter().for_each(|number| zigzag(number, &mut bytes));
        run(b"ab", &mut bytes);
        let long = [0xff; 9];
        let expected = [&[0, 127, 128, 1], &long[..], &[1, 0, 1, 2], &long, &[1, 2], b"ab"].concat();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn damage_is_told() {
        assert_eq!(Parts(&[0xff; 11]).varint(), None);
        assert_eq!(Parts(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint(), None);
        assert_eq!(Parts(&[3, 1, 2]).run(), None);
        assert_eq!(Parts(&[0xff, 0xff, 0xff, 0x7f, 1]).sequence(Parts::byte), None);
    }
}
