//! Whether a key that URLs are signed with can be guessed.

use std::collections::HashSet;

use storehouse_storage::Secret;

use super::Problem;
use crate::{settings::Settings, storages::Storages};

/// What `startproject` puts before the key that it makes.
const MADE_BY_DJANGO: &str = "django-insecure-";

/// Runs Django's checks of SECRET_KEY (`django/core/checks/security/base.py`, 6.1) if a storage signs
/// its URLs with it: who guesses the key can read every private file.
pub(super) fn secret_keys(settings: &Settings, storages: &Storages) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !storages
        .aliases()
        .iter()
        .any(|alias| signs_with_secret_key(storages, alias))
    {
        return problems;
    }
    if !settings.secret_key().is_some_and(is_strong) {
        problems.push(weak_key("security.W009", "SECRET_KEY"));
    }
    for (index, key) in settings.secret_key_fallbacks().into_iter().enumerate() {
        if !is_strong(key) {
            let name = format!("SECRET_KEY_FALLBACKS[{index}]");
            problems.push(weak_key("security.W025", &name));
        }
    }
    problems
}

/// A bucket's URLs are signed with the keys of its service.
fn signs_with_secret_key(storages: &Storages, alias: &str) -> bool {
    storages.get(alias).is_ok_and(|storage| {
        let is_private = || storages.is_private(alias).unwrap_or_default();
        storage.service().is_none() && (storage.capabilities().signed_urls || is_private())
    })
}

fn is_strong(key: &Secret) -> bool {
    let text = key.expose();
    let different: HashSet<char> = text.chars().collect();
    text.chars().count() >= 50 && different.len() >= 5 && !text.starts_with(MADE_BY_DJANGO)
}

fn weak_key(id: &'static str, name: &str) -> Problem {
    let message = format!(
        "Your {name} has less than 50 characters, less than 5 unique characters, or it's prefixed with '{MADE_BY_DJANGO}' indicating that it was generated automatically by Django: URLs of private files could be forged."
    );
    Problem::warning(id, message).with_hint("Please generate a long and random value.")
}
