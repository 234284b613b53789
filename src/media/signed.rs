//! Checks the signature of a URL that [`HmacSigner`](crate::storages::HmacSigner) has signed. It only
//! verifies: it asks no clock and looks into no storage.
//!
//! | the request has | answer |
//! |---|---|
//! | no `signature` | [`Refusal::Missing`] |
//! | a signature by no key of ours, or over anything else than this path and these parameters; one of our parameters twice, or malformed | [`Refusal::Altered`] |
//! | a good signature, and the time in `expires` has come | [`Refusal::Expired`] |
//! | a good signature | [`Grant`] |
//!
//! Other parameters are nobody's business. Path and values are compared percent-decoded, once: `%41` is
//! `A`, and an encoded slash is never one. So a proxy may change the encoding, and no signature is good
//! for another name than that it was made for. A `+` is a plus.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use storehouse_storage::{Secret, attachment_disposition};

use crate::{
    settings::Settings,
    storages::{
        percent,
        url_signer::{Claims, DOWNLOAD, EXPIRES, SIGNATURE, SigningKey, TYPE, decoded_path},
    },
};

/// Checks signed URLs with `SECRET_KEY` and, for URLs from before a change of it,
/// `SECRET_KEY_FALLBACKS`. See [`HmacSigner`](crate::storages::HmacSigner) for an example.
#[derive(Debug, Clone)]
pub struct UrlVerifier {
    keys: Vec<SigningKey>,
}

/// What a signed URL allows: to get the file that its path names.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// When it ends, exclusive.
    pub expires: SystemTime,
    /// The name to save the file under.
    pub download_name: Option<String>,
    /// The `Content-Type` to answer with; visible ASCII and blanks.
    pub content_type: Option<String>,
}

impl Grant {
    /// Returns the `Content-Disposition` to answer with, if there is a download name.
    #[must_use]
    pub fn content_disposition(&self) -> Option<String> {
        self.download_name.as_deref().map(attachment_disposition)
    }
}

/// Why a request is refused. Each is a 403 that says no more than this.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no signature.
    #[error("the URL has no signature")]
    Missing,
    /// The signature is not one of ours for this URL.
    #[error("the signature of the URL does not fit")]
    Altered,
    /// The URL was good once.
    #[error("the URL has expired")]
    Expired,
}

impl UrlVerifier {
    /// Takes the keys, the current one first. Without any, no signature is good.
    #[must_use]
    pub fn new<'k>(keys: impl IntoIterator<Item = &'k Secret>) -> Self {
        Self {
            keys: keys.into_iter().map(SigningKey::derive).collect(),
        }
    }

    /// Takes the keys of `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let current = settings.secret_key().into_iter();
        Self::new(current.chain(settings.secret_key_fallbacks()))
    }

    /// Checks a request: its path and its query as they were sent, at the time `now`.
    ///
    /// The path is the whole one that the browser asked for, with the prefix of `MEDIA_URL`.
    ///
    /// # Errors
    /// As the module's table says. That a URL has expired is told only if it was good.
    pub fn verify(
        &self,
        path: &str,
        query: Option<&str>,
        now: SystemTime,
    ) -> Result<Grant, Refusal> {
        let parameters = Parameters::read(query.unwrap_or_default())?;
        let path = decoded_path(path).ok_or(Refusal::Altered)?;
        let expires = parameters.expires.ok_or(Refusal::Altered)?;
        let claims = Claims {
            path: &path,
            expires: &expires,
            download: parameters.download.as_deref(),
            content_type: parameters.content_type.as_deref(),
        };
        let signature = BASE64_URL_SAFE_NO_PAD
            .decode(parameters.signature.as_bytes())
            .map_err(|_| Refusal::Altered)?;
        if !self
            .keys
            .iter()
            .any(|key| key.has_signed(&claims, &signature))
        {
            return Err(Refusal::Altered);
        }
        let expires = time(&expires).ok_or(Refusal::Altered)?;
        if now >= expires {
            return Err(Refusal::Expired);
        }
        Ok(Grant {
            expires,
            download_name: parameters.download.map(Cow::into_owned),
            content_type: parameters.content_type.map(Cow::into_owned),
        })
    }
}

/// The parameters of a query that are ours, decoded.
struct Parameters<'q> {
    signature: Cow<'q, str>,
    expires: Option<Cow<'q, str>>,
    download: Option<Cow<'q, str>>,
    content_type: Option<Cow<'q, str>>,
}

impl<'q> Parameters<'q> {
    /// Whoever else reads the query may take the first of two or the last, so there may be one only.
    fn read(query: &'q str) -> Result<Self, Refusal> {
        let mut signature = None;
        let (mut expires, mut download, mut content_type) = (None, None, None);
        let (mut is_signed, mut is_good) = (false, true);
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A key that is malformed is none of ours.
            let key = percent::decoded(key);
            is_signed |= key.as_deref() == Some(SIGNATURE);
            let slot = match key.as_deref() {
                Some(SIGNATURE) => &mut signature,
                Some(EXPIRES) => &mut expires,
                Some(DOWNLOAD) => &mut download,
                Some(TYPE) => &mut content_type,
                _ => continue,
            };
            let value = percent::decoded(value);
            is_good &= slot.is_none() && value.is_some();
            *slot = value;
        }
        match signature {
            // Where nothing is signed, these may be the parameters of somebody else.
            _ if !is_signed => Err(Refusal::Missing),
            Some(signature) if is_good => Ok(Self {
                signature,
                expires,
                download,
                content_type,
            }),
            _ => Err(Refusal::Altered),
        }
    }
}

fn time(seconds: &str) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?))
}

#[cfg(test)]
#[path = "signed_tests.rs"]
mod tests;
