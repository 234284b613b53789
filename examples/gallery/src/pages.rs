//! The pages: templates, and what is in them.

use std::time::Duration;

use axum::response::Html;
use chrono::DateTime;
use minijinja::{Environment, Value, context};
use storehouse::{staticfiles::StaticUrls, storage::UrlOptions, templates};

use crate::{
    app::{App, CONTENT_TYPES, MAX_FILE_BYTES, MAX_FILES},
    failure::Failure,
    photos::Photo,
};

/// How long a link to a private photo may work, in seconds.
const LIFETIMES: [(u64, &str); 3] = [(60, "1 minute"), (3_600, "1 hour"), (86_400, "1 day")];

pub(crate) fn environment(urls: StaticUrls) -> Result<Environment<'static>, minijinja::Error> {
    let mut pages = Environment::new();
    templates::minijinja::add_to(&mut pages, urls);
    pages.add_template("base.html", include_str!("../templates/base.html"))?;
    pages.add_template("index.html", include_str!("../templates/index.html"))?;
    pages.add_template("photo.html", include_str!("../templates/photo.html"))?;
    pages.add_template("error.html", include_str!("../templates/error.html"))?;
    Ok(pages)
}

pub(crate) fn page(app: &App, name: &str, context: Value) -> Result<Html<String>, Failure> {
    Ok(Html(app.pages.get_template(name)?.render(context)?))
}

/// The gallery: the newest photos, or those before one. `error` is what became of a form.
pub(crate) async fn index(
    app: &App,
    before: Option<i64>,
    error: Option<&str>,
) -> Result<Html<String>, Failure> {
    let (photos, has_older) = app.photos.page(before).await?;
    let older = photos.last().filter(|_| has_older);
    let older = older.map(|photo| format!("/?before={}", photo.id));
    let mut cards = Vec::new();
    for photo in photos {
        // No request: a URL is made from the name, and signed here where it has to be.
        let url = photo
            .file
            .url(&app.storages, &UrlOptions::default())
            .await?;
        cards.push(context! {
            url,
            page => format!("/photos/{}", photo.id),
            is_private => photo.is_private(),
            id => photo.id,
            title => photo.title,
        });
    }
    let context = context! {
        photos => cards,
        older => older,
        error => error,
        accept => CONTENT_TYPES.join(","),
        max_file_bytes => MAX_FILE_BYTES,
        max_file => size_in_words(MAX_FILE_BYTES),
        max_files => MAX_FILES,
    };
    page(app, "index.html", context)
}

/// One photo; with a link to it that works for a time, if one is wanted.
pub(crate) async fn photo(
    app: &App,
    photo: Photo,
    lasts: Option<Duration>,
) -> Result<Html<String>, Failure> {
    let (newer, older) = app.photos.neighbours(photo.id).await?;
    let file = &photo.file;
    let link = match lasts {
        Some(time) => {
            let url = UrlOptions::default().with_expires_in(time);
            let url = file.url(&app.storages, &url).await?;
            Some(context! { url, lasts => time_in_words(time) })
        }
        None => None,
    };
    let saved_as = UrlOptions::default().with_download_name(&file.original_name);
    let added = DateTime::from_timestamp(photo.added, 0).unwrap_or_default();
    let of_id = |id: i64| format!("/photos/{id}");
    let context = context! {
        photo => context! {
            id => photo.id,
            url => file.url(&app.storages, &UrlOptions::default()).await?,
            download => file.url(&app.storages, &saved_as).await?,
            page => of_id(photo.id),
            is_private => photo.is_private(),
            size => size_in_words(file.size),
            content_type => &file.content_type,
            original_name => &file.original_name,
            added => added.to_rfc3339(),
            added_text => added.format("%-d %B %Y").to_string(),
            title => photo.title,
        },
        link => link,
        lifetimes => LIFETIMES.map(|(seconds, text)| context! { seconds, text }),
        newer => newer.map(of_id),
        older => older.map(of_id),
    };
    page(app, "photo.html", context)
}

/// `1.4 MB`.
fn size_in_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ if bytes % 1_000_000 < 100_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn time_in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let known = LIFETIMES.iter().find(|(known, _)| *known == seconds);
    known.map_or_else(
        || format!("{seconds} seconds"),
        |(_, text)| (*text).to_owned(),
    )
}
