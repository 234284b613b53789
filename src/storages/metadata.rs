//! The metadata that this project keeps beside a content, to tell later whether the content is the same
//! where ETags do not. Names only.

/// The MD5 of the content, in lower-case hex.
pub(crate) const DIGEST_KEY: &str = "storehouse-md5";

/// The ETag of the object that this one is a copy of, without quotes.
pub(crate) const SOURCE_ETAG_KEY: &str = "storehouse-source-etag";
