//! The error for a coding that was left out of the build.

use storehouse_storage::Error;

use crate::storages::Coding;

/// The settings refuse such a coding before; a program may ask for it all the same.
pub(super) fn unbuilt(coding: Coding) -> Error {
    let coding = coding.token();
    Error::unsupported(format!("this build of storehouse cannot make {coding}"))
}

/// What a build without encoders does in their place.
#[cfg(not(feature = "compression"))]
pub(super) fn cannot_encode(coding: Coding, _: &[u8]) -> storehouse_storage::Result<Vec<u8>> {
    Err(unbuilt(coding))
}

/// What a build without decoders knows of a copy.
#[cfg(not(feature = "compression"))]
pub(crate) fn cannot_decode(_: Coding, _: &[u8], _: &[u8]) -> Option<bool> {
    None
}
