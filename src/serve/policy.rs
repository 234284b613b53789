//! Header fields that are the site's: what is kept beside a file, and what an application's function
//! makes of them. What follows from a request is in `headers`.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderValue,
    header::{self, HeaderName},
};
use storehouse_storage::{Attributes, Name};

/// Changes the header fields of a file: its name comes in.
pub(super) type HeadersFunction = Arc<dyn Fn(&Name, &mut HeaderMap) + Send + Sync>;

/// Returns the fields that attributes stand for, each by the first that has it. The type is not among
/// them: it belongs to the representation.
pub(super) fn of_attributes(all: &[&Attributes]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, value: fn(&Attributes) -> &Option<String>| {
        let first = all.iter().find_map(|attributes| value(attributes).as_ref());
        if let Some(Ok(value)) = first.map(HeaderValue::try_from) {
            headers.insert(name, value);
        }
    };
    add(header::CACHE_CONTROL, |from| &from.cache_control);
    add(header::CONTENT_ENCODING, |from| &from.content_encoding);
    add(header::CONTENT_DISPOSITION, |from| {
        &from.content_disposition
    });
    add(header::CONTENT_LANGUAGE, |from| &from.content_language);
    headers
}
