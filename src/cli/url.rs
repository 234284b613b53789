//! `storehouse url NAME`.

use std::time::Duration;

use storehouse_storage::{Error, ErrorKind, Name, Storage, UrlOptions};

use super::{Context, flags::UrlFlags, output::Failure};
use crate::staticfiles::StaticUrls;

pub(super) async fn run(flags: UrlFlags, context: &Context) -> Result<(), Failure> {
    refuse_url(&flags.name)?;
    let (storages, named) = (&context.storages, &flags.storage.storage);
    let storage = storages.open(named)?;
    let mut options = UrlOptions::default();
    options.expires_in = flags.expires_in.map(Duration::from_secs);
    options.download_name = flags.download_name;
    options.content_type = flags.content_type;
    // As Django's url() of such a storage, which takes a name and nothing else.
    let hashed = match storages.manifest_options(named)? {
        Some(_) => Some(StaticUrls::load_for_few(&context.settings, storages, named).await?),
        None => None,
    };
    let url = match hashed {
        Some(urls) if options == UrlOptions::default() => {
            urls.url_or_hash(&flags.name).await?.into_owned()
        }
        Some(urls) => {
            let stored = Name::new(urls.stored_name(&flags.name)?)?;
            storage.url(&stored, &options).await?
        }
        // As Django's `FileSystemStorage.url`: slashes at the start go.
        None => {
            let name = Name::new(flags.name.trim_start_matches('/'))?;
            storage.url(&name, &options).await?
        }
    };
    if context.output.is_json() {
        return Ok(context.output.result(serde_json::json!({ "url": url }))?);
    }
    Ok(context.output.result(url)?)
}

/// Refuses what is a URL already. As a name it would have one slash less, and be the URL of another file than
/// whoever typed it means; Django quotes it, which gives a URL of no file.
fn refuse_url(name: &str) -> Result<(), Error> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    match name.split_once("://") {
        Some((scheme, _)) if !scheme.is_empty() && scheme.chars().all(is_letter) => {
            let problem = format!("{name:?} is a URL, and no name of a file");
            let advice = "give the name that the file has in the storage, such as css/app.css";
            Err(Error::new(ErrorKind::InvalidName, problem).with_advice(advice))
        }
        _ => Ok(()),
    }
}
