//! JSON scalars as bytes that compare as the scalars do: null < false < true < numbers < strings. The form tells its own
//! end, so that a key can follow.

use serde_json::{Number, Value};

use crate::limits;

const NULL: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const NUMBER: u8 = 4;
const STRING: u8 = 5;

/// A number: its double (8 bytes) and what an integer differs from that by (2 bytes, since a 64-bit integer is at most 1,024
/// away from its nearest double).
const NUMBER_BYTES: usize = 11;

/// None for arrays, objects and strings of more than [`limits::MAX_INDEXED_BYTES`]: they are not indexed.
pub(super) fn encode(value: &Value) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(NUMBER_BYTES);
    encode_into(value, &mut bytes)?;
    Some(bytes)
}

/// The same, added to `bytes`.
pub(super) fn encode_into(value: &Value, bytes: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => bytes.push(NULL),
        Value::Bool(false) => bytes.push(FALSE),
        Value::Bool(true) => bytes.push(TRUE),
        Value::Number(number) => bytes.extend(encode_number(number)?),
        Value::String(text) if text.len() <= limits::MAX_INDEXED_BYTES => encode_string(text, bytes),
        Value::String(_) | Value::Array(_) | Value::Object(_) => return None,
    }
    Some(())
}

fn encode_number(number: &Number) -> Option<[u8; NUMBER_BYTES]> {
    let (double, rest) = match number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)) {
        Some(whole) => {
            let double = whole as f64;
            (double, i16::try_from(whole - double as i128).ok()?)
        }
        None => (number.as_f64()?, 0),
    };
    // Minus zero equals zero.
    let bits = (double + 0.0).to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    let [a, b, c, d, e, f, g, h] = ordered.to_be_bytes();
    let [i, j] = (rest.cast_unsigned() ^ 0x8000).to_be_bytes();
    Some([NUMBER, a, b, c, d, e, f, g, h, i, j])
}

/// The number, as a double, that was encoded; None for another scalar.
pub(super) fn number(encoded: &[u8]) -> Option<f64> {
    let (&NUMBER, rest) = encoded.split_first()? else { return None };
    let ordered = u64::from_be_bytes(*rest.first_chunk()?);
    Some(f64::from_bits(if ordered >> 63 == 1 { ordered ^ 1 << 63 } else { !ordered }))
}

/// NUL becomes 00 FF, and 00 00 ends the string: so a string comes before its own extensions.
fn encode_string(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(STRING);
    for byte in text.bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(0xff);
        }
    }
    bytes.extend([0, 0]);
}

/// How many of the first bytes are an encoded scalar.
pub(super) fn encoded_len(bytes: &[u8]) -> Option<usize> {
    match *bytes.first()? {
        NULL | FALSE | TRUE => Some(1),
        NUMBER => (bytes.len() >= NUMBER_BYTES).then_some(NUMBER_BYTES),
        STRING => {
            let mut at = 1;
            loop {
                match (bytes.get(at)?, bytes.get(at + 1)) {
                    (0, Some(0)) => return Some(at + 2),
                    (0, Some(0xff)) => at += 2,
                    (0, _) => return None,
                    _ => at += 1,
                }
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn order_across_types_and_near_the_ends_of_doubles() {
        let ordered = [
            json!(null),
            json!(false),
            json!(true),
            json!(-1e300),
            json!(i64::MIN),
            json!(i64::MIN + 1),
            json!(-1.5),
            json!(0),
            json!(0.5),
            json!(1),
            json!(9_007_199_254_740_992_i64),
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_994_i64),
            json!(i64::MAX - 1),
            json!(i64::MAX),
            json!(u64::MAX - 1),
            json!(u64::MAX),
            json!(1e300),
            json!(""),
            json!("\0"),
            json!("\0a"),
            json!("a"),
            json!("a\0"),
            json!("ab"),
            json!("b"),
        ];
        for pair in ordered.windows(2) {
            assert!(encode(&pair[0]) < encode(&pair[1]), "{pair:?}");
        }
        assert_eq!(encode(&json!(-0.0)), encode(&json!(0)));
        assert_eq!(encode(&json!(1)), encode(&json!(1.0)));
        assert_eq!(encode(&json!([1])), None);
    }

    proptest! {
        #[test]
        fn integers_order_as_integers(a: i64, b: i64) {
            prop_assert_eq!(encode(&json!(a)).cmp(&encode(&json!(b))), a.cmp(&b));
        }

        #[test]
        fn numbers_are_read_as_doubles(whole: i64, double in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            for value in [json!(whole), json!(double)] {
                prop_assert_eq!(number(&encode(&value).unwrap()), value.as_f64());
            }
        }

        #[test]
        fn strings_order_as_bytes_and_end_where_they_should(a in ".{0,20}", b in ".{0,20}", tail: Vec<u8>) {
            prop_assert_eq!(encode(&json!(a)).cmp(&encode(&json!(b))), a.as_bytes().cmp(b.as_bytes()));
            let encoded = encode(&json!(a)).unwrap();
            let followed = [encoded.clone(), tail].concat();
            prop_assert_eq!(encoded_len(&followed), Some(encoded.len()));
        }

        #[test]
        fn lengths_of_garbage_stay_inside(bytes: Vec<u8>) {
            if let Some(len) = encoded_len(&bytes) {
                prop_assert!(len <= bytes.len());
            }
        }
    }
}
