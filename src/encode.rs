//! Encoding in postcard's format (<https://postcard.jamesmunns.com/wire-format>), onto the end of bytes.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

use crate::error::{Error, Kind, Result};

/// As postcard's own flavor for vectors, without its detour over iterators.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

pub(crate) fn append(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<()> {
    postcard::serialize_with_flavor(value, Append(bytes))
        .map_err(|error| Error::new(Kind::Panic, format!("encode: {error}")))
}
