//! Django's helpers for development: there with `DEBUG`, and nothing without.

use std::sync::Arc;

use http::{HeaderValue, Request, header};
use storehouse::{
    serve::{static_urls, staticfiles_urls},
    settings::{Settings, Sources},
    storage::Name,
    storages::{Storages, builtin},
};

use crate::{serving_apps::storage, site::Site};

fn loaded(site: &Site, sets: &[&str]) -> (Settings, Storages) {
    let sources = Sources::new(site.path("."));
    let sources = sets.iter().fold(sources, |all, set| all.with_set(*set));
    let settings = Settings::load(&sources, &builtin()).unwrap();
    let storages = Storages::new(&settings, builtin()).unwrap();
    (settings, storages)
}

#[tokio::test]
async fn media_are_served_while_a_site_is_developed() {
    let site = Site::new("DEBUG = true\n");
    let (settings, _) = loaded(&site, &[]);
    let storage = storage(&[("me.png", "picture")]).await;
    let served = |settings: &Settings, prefix: &str| {
        static_urls(settings, prefix, Arc::clone(&storage)).map(|files| files.is_some())
    };

    let files = static_urls(&settings, "/media/", Arc::clone(&storage));
    let files = files.unwrap().expect("with DEBUG they are served");
    let (head, ()) = Request::get("/media/me.png").body(()).unwrap().into_parts();
    assert_eq!(files.answer(&head).await.unwrap().status(), 200);

    assert!(!served(&settings, "https://media.example.org/").unwrap());
    assert!(!served(&settings, "//media.example.org/").unwrap());
    let error = served(&settings, "").unwrap_err().to_string();
    assert!(error.contains("MEDIA_URL"), "{error}");
    let (settings, _) = loaded(&site, &["DEBUG=false"]);
    assert!(!served(&settings, "/media/").unwrap());
}

#[tokio::test]
async fn static_files_are_served_from_where_they_are_while_a_site_is_developed() {
    let site =
        Site::new("DEBUG = true\nSTATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\n");
    site.write("assets/app.css", "body {}");
    let (settings, storages) = loaded(&site, &[]);

    let files = staticfiles_urls(&settings, &storages).await.unwrap();
    let files = files.expect("with DEBUG they are served");
    let (head, ()) = Request::get("/static/app.css")
        .body(())
        .unwrap()
        .into_parts();
    assert_eq!(files.answer(&head).await.unwrap().status(), 200);

    for set in ["DEBUG=false", "STATIC_URL=https://static.example.org/"] {
        let (settings, storages) = loaded(&site, &[set]);
        let files = staticfiles_urls(&settings, &storages).await.unwrap();
        assert!(files.is_none(), "{set}");
    }
    let without = Site::new("DEBUG = true\n");
    let (settings, storages) = loaded(&without, &[]);
    let error = staticfiles_urls(&settings, &storages).await.unwrap_err();
    assert!(error.to_string().contains("STATIC_URL"), "{error}");
}

#[tokio::test]
async fn an_index_file_in_a_source_stands_for_its_folder_at_once() {
    let site =
        Site::new("DEBUG = true\nSTATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"a\", \"b\"]\n");
    site.write("a/docs/x.css", "x");
    let (settings, storages) = loaded(&site, &[]);
    let files = staticfiles_urls(&settings, &storages).await.unwrap();
    let files = files.unwrap().with_index(Name::new("index.html").unwrap());
    // A redirect goes to where the client is, whatever it says of its host.
    let asked = async |path: &str| -> Option<(u16, Option<HeaderValue>)> {
        let request = Request::get(path).header(header::HOST, "evil.example");
        let (head, ()) = request.body(()).unwrap().into_parts();
        let answer = files.answer(&head).await?;
        let location = answer.headers().get(header::LOCATION).cloned();
        Some((answer.status().as_u16(), location))
    };

    assert_eq!(asked("/static/docs").await, None);
    site.write("b/docs/index.html", "<p>docs");
    let there = HeaderValue::from_static("/static/docs/");
    assert_eq!(asked("/static/docs").await, Some((302, Some(there))));
    assert_eq!(asked("/static/docs/").await, Some((200, None)));
    assert_eq!(asked("/static/docs/x.css").await, Some((200, None)));
    std::fs::remove_file(site.path("b/docs/index.html")).unwrap();
    assert_eq!(asked("/static/docs/").await, None);
}
