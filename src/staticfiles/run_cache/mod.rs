//! What a run remembers for the next one, in the cache folder of the user.

pub(super) mod origins;
pub(super) mod recall;
