//! How values lie in the engine: as they are, or compressed with zstd.

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::Mutex;
use zstd::bulk::Compressor;

use crate::engine::Record;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::value::Value;

pub(super) const RAW: u8 = 0;
pub(super) const ZSTD: u8 = 1;

/// Setting a compressor up costs more than compressing a small value. So many are kept for these.
const KEPT: usize = 2;
const SMALL: usize = 64 << 10;

/// When and how hard to compress.
pub(super) struct Compression {
    level: i32,
    threshold: usize,
    idle: Mutex<Vec<Compressor<'static>>>,
}

impl Compression {
    pub fn new(level: i32, threshold: u32) -> Self {
        Self { level, threshold: threshold as usize, idle: Mutex::default() }
    }

    /// The encoding of a value and its bytes in it.
    pub fn encode<'a>(&self, data: &'a [u8]) -> (u8, Cow<'a, [u8]>) {
        if self.level > 0 && data.len() >= self.threshold {
            match self.compress(data) {
                Ok(packed) if packed.len() < data.len() => return (ZSTD, packed.into()),
                Ok(_) => {}
                Err(error) => crate::log::warn(format_args!("a value is stored uncompressed: {error}")),
            }
        }
        (RAW, data.into())
    }

    fn compress(&self, data: &[u8]) -> std::io::Result<Vec<u8>> {
        if data.len() > SMALL {
            return zstd::bulk::compress(data, self.level);
        }
        let idle = self.idle.lock().pop();
        let mut compressor = idle.map_or_else(|| Compressor::new(self.level), Ok)?;
        let packed = compressor.compress(data);
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push(compressor);
        }
        packed
    }
}

/// The bytes of a stored value. What the file says of its size is not believed beyond the limit.
pub(super) fn decode(encoding: u8, data: &[u8]) -> Result<Cow<'_, [u8]>> {
    let corrupt = |what: &str| Error::new(Kind::Corrupt, format!("a stored value {what}"));
    match encoding {
        RAW => Ok(data.into()),
        ZSTD => {
            let size = zstd::zstd_safe::get_frame_content_size(data)
                .ok()
                .flatten()
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size <= limits::MAX_VALUE_BYTES)
                .ok_or_else(|| corrupt("does not tell its size"))?;
            let bytes = zstd::bulk::decompress(data, size).map_err(|_| corrupt("cannot be decompressed"))?;
            if bytes.len() == size { Ok(bytes.into()) } else { Err(corrupt("is shorter than it says")) }
        }
        other => Err(corrupt(&format!("has the unknown encoding {other}"))),
    }
}

/// A record as readers see it.
pub(super) fn value_of(record: Record) -> Result<Value> {
    let Record { version, expires_at, encoding, data } = record;
    let data: Arc<[u8]> =
        if encoding == RAW { data.into() } else { decode(encoding, &data)?.as_ref().into() };
    Ok(Value::new(data, version, expires_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_gets_smaller_is_compressed() {
        let compression = Compression::new(3, 100);
        assert_eq!(compression.encode(&[7; 99]).0, RAW);
        let (encoding, packed) = compression.encode(&[7; 5000]);
        assert_eq!(encoding, ZSTD);
        assert_eq!(decode(encoding, &packed).unwrap().as_ref(), [7; 5000]);
        let noise: Vec<u8> = (0..200u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(compression.encode(&noise).0, RAW);
        assert_eq!(Compression::new(-1, 100).encode(&[7; 5000]).0, RAW);
    }

    #[test]
    fn damaged_values_are_told() {
        for data in [&b""[..], b"not zstd", &[0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(decode(ZSTD, data).unwrap_err().kind(), Kind::Corrupt);
        }
        assert_eq!(decode(9, b"x").unwrap_err().kind(), Kind::Corrupt);
    }
}
