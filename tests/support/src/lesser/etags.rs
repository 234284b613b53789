//! ETags of other kinds than MinIO's, which are the MD5 in hex, and of uploads the MD5 of the
//! parts' MD5s with their number (`hex-3`).
//!
//! Each is made of MinIO's and can be turned back, so that nothing is remembered and conditions
//! hold. It knows nothing of what else is in a message.

use super::documents;
use super::operation::{Asked, Operation};
use crate::http::Response;

/// How a service's ETags differ from MinIO's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Etags {
    /// 32 digits in hex that are the MD5 of nothing. Fastly; AWS itself with SSE-KMS.
    NotMd5,
    /// No hex at all (`"v-92eb…"`), as S3 allows: it promises no more than that they are opaque.
    Opaque,
    /// Those of one PUT are MD5, those of uploads look like an MD5 of MD5s and are none.
    /// Cloudflare R2.
    RandomMultipart,
    /// `W/"…"`. Gateways that compress on the way, such as nginx.
    Weak,
    /// MD5 with `A` to `F`. Alibaba OSS.
    UpperCase,
}

/// The request's headers that have ETags in them; `If-Range` may have a date instead.
const CONDITIONS: [&str; 5] = [
    "if-match",
    "if-none-match",
    "if-range",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
];

impl Etags {
    /// Turns the ETags of a request into those that the service behind knows.
    pub(crate) fn change_request(self, asked: &mut Asked) {
        for name in CONDITIONS {
            let headers = &mut asked.request.headers;
            let Some(value) = headers.get(name) else {
                continue;
            };
            if name == "if-range" && !value.ends_with('"') {
                continue;
            }
            // One alone: MinIO takes no list.
            let known = self.known(value);
            headers.set(name, known);
        }
        if asked.operation == Operation::CompleteUpload {
            documents::edit(&mut asked.request.body, |xml| {
                documents::change_texts(xml, "ETag", |etag| self.known(etag))
            });
        }
    }

    /// Turns the ETags of an answer into those that the client is shown.
    pub(crate) fn change_answer(self, operation: Operation, answer: &mut Response) {
        if let Some(etag) = answer.headers.get("etag") {
            let shown = self.shown(etag);
            answer.headers.set("ETag", shown);
        }
        // An object's content is no document of S3's.
        if operation != Operation::GetObject {
            documents::edit(&mut answer.body, |xml| {
                documents::change_texts(xml, "ETag", |etag| self.shown(etag))
            });
        }
    }

    /// Returns what clients are shown in place of MinIO's `etag`.
    fn shown(self, etag: &str) -> String {
        let (quote, value) = unquoted(etag);
        match self {
            Self::NotMd5 => format!("{quote}{}{quote}", inverted(value)),
            Self::RandomMultipart if value.contains('-') => {
                format!("{quote}{}{quote}", inverted(value))
            }
            Self::RandomMultipart => etag.to_owned(),
            Self::Opaque => format!("{quote}v-{}{quote}", reversed(value)),
            Self::Weak => format!("W/{etag}"),
            Self::UpperCase => etag.to_ascii_uppercase(),
        }
    }

    /// Returns MinIO's ETag for one that clients were shown; what no client was shown, and `*`, may
    /// come out as anything that MinIO does not have either.
    fn known(self, etag: &str) -> String {
        let (quote, value) = unquoted(etag);
        match self {
            Self::NotMd5 | Self::RandomMultipart => self.shown(etag),
            Self::Opaque => match value.strip_prefix("v-") {
                Some(value) => format!("{quote}{}{quote}", reversed(value)),
                None => etag.to_owned(),
            },
            Self::Weak => etag.strip_prefix("W/").unwrap_or(etag).to_owned(),
            Self::UpperCase => etag.to_ascii_lowercase(),
        }
    }
}

/// Returns an ETag's quotes, if it has some, and what is between them.
fn unquoted(etag: &str) -> (&str, &str) {
    match etag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(value) => ("\"", value),
        None => ("", etag),
    }
}

/// Returns `hex` or `hex-N` with each digit of the hex turned round; twice is the same again.
fn inverted(value: &str) -> String {
    let end = value.find('-').unwrap_or(value.len());
    let (digits, parts) = value.split_at(end);
    let digits: String = digits
        .chars()
        .map(|digit| {
            let inverted = digit.to_digit(16).map(|digit| digit ^ 0xf);
            inverted
                .and_then(|inverted| char::from_digit(inverted, 16))
                .unwrap_or(digit)
        })
        .collect();
    digits + parts
}

fn reversed(value: &str) -> String {
    value.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_known_again() {
        let (one, many) = ("\"0123456789abcdef\"", "\"0123456789abcdef-12\"");
        for (etags, of_one, of_many) in [
            (
                Etags::NotMd5,
                "\"fedcba9876543210\"",
                "\"fedcba9876543210-12\"",
            ),
            (
                Etags::Opaque,
                "\"v-fedcba9876543210\"",
                "\"v-21-fedcba9876543210\"",
            ),
            (Etags::RandomMultipart, one, "\"fedcba9876543210-12\""),
            (
                Etags::Weak,
                "W/\"0123456789abcdef\"",
                "W/\"0123456789abcdef-12\"",
            ),
            (
                Etags::UpperCase,
                "\"0123456789ABCDEF\"",
                "\"0123456789ABCDEF-12\"",
            ),
        ] {
            assert_eq!(etags.shown(one), of_one, "{etags:?}");
            assert_eq!(etags.shown(many), of_many, "{etags:?}");
            assert_eq!(etags.known(of_one), one, "{etags:?}");
            assert_eq!(etags.known(of_many), many, "{etags:?}");
            let (_, bare) = unquoted(one);
            assert_eq!(etags.known(&etags.shown(bare)), bare, "{etags:?}");
            assert_eq!(etags.known("*"), "*", "{etags:?}");
        }
    }
}
