//! What each service lacks, by the names of the checks that fail on it.
//!
//! A gap is the service's, not the driver's: what the driver can make up for, it does. A check
//! about not replacing what is there is listed only where processes race on a service that has no
//! conditions.

use storehouse_test_support::services::gaps::Gap;

/// Returns what the service called `name` is known to lack.
pub(crate) fn of(name: &str) -> &'static [Gap] {
    let listed = KNOWN.iter().find(|(service, _)| *service == name);
    listed.map_or(&[], |(_, gaps)| gaps)
}

const KNOWN: &[(&str, &[Gap])] = &[];
