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

const KNOWN: &[(&str, &[Gap])] = &[
    ("versitygw", VERSITYGW),
    ("seaweedfs", SEAWEEDFS),
    ("moto", MOTO),
    ("garage", GARAGE),
];

/// It has no limit where the driver tells one, which is what MinIO and file systems keep to.
const LONGER_PARTS: Gap = Gap::certain(
    "a_longer_part_is_refused",
    "it takes names with more than 255 bytes between slashes",
);

const VERSITYGW: &[Gap] = &[Gap::certain(
    "control_characters_in_names_are_kept_or_refused",
    "its listings have U+FFFD in place of control characters, and know no encoding-type",
)];

const SEAWEEDFS: &[Gap] = &[LONGER_PARTS];

const MOTO: &[Gap] = &[
    LONGER_PARTS,
    Gap::certain(
        "control_characters_in_names_are_kept_or_refused",
        "it finds nothing under a name with a line break that it took",
    ),
    Gap::certain(
        "a_content_that_was_replaced_meanwhile_is_left_alone",
        "it pays no heed to x-amz-copy-source-if-match",
    ),
];

const GARAGE: &[Gap] = &[LONGER_PARTS];
