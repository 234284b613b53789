//! Signs requests as S3 asks for it (AWS Signature Version 4).
//!
//! In the `Authorization` header and with the body's digest only: no signed URLs, no chunked
//! signatures, no session tokens. The rules and the examples in the tests are those of
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest, Sha256};

use crate::http::Request;

/// Everything but RFC 3986's unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The same, and `/` stays: S3 does not encode it in keys.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Who signs, and for which region.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            access_key, region, ..
        } = self;
        write!(
            f,
            "Credentials {{ access_key: {access_key:?}, secret_key: ***, region: {region:?} }}"
        )
    }
}

/// Writes a target: `path` is not encoded yet, nor are the keys and values of `query`.
pub(crate) fn target(path: &str, query: &[(&str, &str)]) -> String {
    let path = percent_encode(path.as_bytes(), PATH).to_string();
    let pairs: Vec<_> = query
        .iter()
        .map(|(key, value)| {
            let (key, value) = (
                percent_encode(key.as_bytes(), QUERY),
                percent_encode(value.as_bytes(), QUERY),
            );
            format!("{key}={value}")
        })
        .collect();
    if pairs.is_empty() {
        path
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}

/// Adds `x-amz-date`, `x-amz-content-sha256` and `Authorization`; all headers that are there are
/// signed, `Host` must be.
pub(crate) fn sign(request: &mut Request, credentials: &Credentials, at: SystemTime) {
    let time = amz_date(at);
    let day = &time[..8];
    let digest = hex::encode(Sha256::digest(&request.body));
    request.headers.add("x-amz-content-sha256", &digest);
    request.headers.add("x-amz-date", &time);

    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), single_spaced(value)))
        .collect();
    headers.sort();
    let names = headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect::<Vec<_>>()
        .join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.sort_unstable();
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{digest}",
        request.method,
        pairs.join("&")
    );

    let Credentials {
        access_key,
        secret_key,
        region,
    } = credentials;
    let scope = format!("{day}/{region}/s3/aws4_request");
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical))
    );
    let key = [day, region, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret_key}").into_bytes(), |key, part| {
            hmac_sha256(&key, part)
        });
    let signature = hex::encode(hmac_sha256(&key, &to_sign));
    request.headers.add(
        "Authorization",
        format!("AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"),
    );
}

/// Returns a value with one blank where there were several: as it is signed, not as it is sent.
fn single_spaced(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn hmac_sha256(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Writes a time as `20130524T000000Z`.
///
/// Days become a date as in <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>, for 1970 and later.
fn amz_date(at: SystemTime) -> String {
    let seconds = at
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970")
        .as_secs();
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Amazon's examples: method, path, query, header fields, body, signature.
    type Example = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static str,
    );

    const EXAMPLES: [Example; 4] = [
        (
            "GET",
            "/test.txt",
            &[],
            &[("Range", "bytes=0-9")],
            "",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            &[],
            &[
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            "Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/",
            &[("lifecycle", "")],
            &[],
            "",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/",
            &[("prefix", "J"), ("max-keys", "2")],
            &[],
            "",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ];

    #[test]
    fn the_examples_of_amazon_s3_get_their_signatures() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            region: "us-east-1".into(),
        };
        let midnight = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        for (method, path, query, headers, body, signature) in EXAMPLES {
            let mut request = Request {
                method: method.into(),
                target: target(path, query),
                body: body.into(),
                ..Request::default()
            };
            request
                .headers
                .add("Host", "examplebucket.s3.amazonaws.com");
            for (name, value) in headers {
                request.headers.add(*name, *value);
            }

            sign(&mut request, &credentials, midnight);

            let authorization = request.headers.get("authorization").unwrap();
            let expected = format!("Signature={signature}");
            assert!(
                authorization.ends_with(&expected),
                "{}: {authorization}",
                request.target
            );
        }
    }

    #[test]
    fn blanks_are_signed_as_one() {
        assert_eq!(single_spaced("  a   b\tc "), "a b c");
    }

    #[test]
    fn a_time_is_written_in_utc() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_709_251_199, "20240229T235959Z"),
            (4_107_542_399, "21000228T235959Z"),
        ] {
            assert_eq!(
                amz_date(UNIX_EPOCH + Duration::from_secs(seconds)),
                expected
            );
        }
    }

    #[test]
    fn all_but_unreserved_characters_are_encoded_and_a_slash_only_in_the_query() {
        assert_eq!(
            target("/b/a b+c%/ü~", &[("prefix", "x/y&=")]),
            "/b/a%20b%2Bc%25/%C3%BC~?prefix=x%2Fy%26%3D"
        );
    }

    #[test]
    fn the_secret_key_is_not_printed() {
        let credentials = Credentials {
            access_key: "key".into(),
            secret_key: "planted".into(),
            region: "us-east-1".into(),
        };

        assert!(!format!("{credentials:?}").contains("planted"));
    }
}
