//! The gallery as somebody has it in front of them: in Chromium, with its photos on a disk and in a
//! MinIO.
//!
//! It needs `chromedriver` and the Chromium that belongs to it: `apt-get install chromium chromium-driver`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a check reports by panicking"
)]

mod browser;
mod site;

use browser::Browser;
use site::Site;
use thirtyfour::prelude::*;

macro_rules! on_a_disk_and_in_a_bucket {
    ($($name:ident)*) => {
        mod on_a_disk { $(
            #[test]
            fn $name() { super::$name(super::Site::on_a_disk()); }
        )* }

        mod in_a_bucket { $(
            #[test]
            fn $name() { super::$name(super::Site::in_a_bucket()); }
        )* }
    };
}

on_a_disk_and_in_a_bucket! {
    a_photo_that_is_chosen_is_shown
    a_photo_that_is_dropped_is_shown
    several_photos_go_in_at_once
    what_is_no_photo_is_refused_with_the_reason
    a_link_to_a_private_photo_ends
    a_photo_that_is_deleted_is_gone_from_the_storage
    the_form_works_without_scripts
    the_stylesheet_is_hashed_immutable_and_compressed
    a_changed_stylesheet_shows_after_the_next_collectstatic
    enter_opens_a_photo_and_arrows_lead_to_its_neighbours
}

/// How many bytes the two pictures beside this file have is no matter; what is in them is.
const LAKE: &[u8] = include_bytes!("lake.png");
const DUNE: &[u8] = include_bytes!("dune.png");

fn a_photo_that_is_chosen_is_shown(site: Site) {
    Browser::open(&site, async |browser| {
        let lake = site.file("lake.png", LAKE);

        browser
            .find("input[name=photos]")
            .await?
            .send_keys(lake)
            .await?;
        browser.click("#send").await?;

        assert_eq!(browser.shown_size("article.photo img").await?, (48, 32));
        browser.click("article.photo a").await?;
        assert_eq!(browser.shown_size("img#photo").await?, (48, 32));
        assert_eq!(browser.find("h1").await?.text().await?, "lake");
        browser.assert_no_error().await
    });
}

fn a_photo_that_is_dropped_is_shown(site: Site) {
    Browser::open(&site, async |browser| {
        browser.drop_file("dune.png", DUNE).await?;

        assert_eq!(browser.shown_size("article.photo img").await?, (32, 48));
        browser.assert_no_error().await
    });
}

fn several_photos_go_in_at_once(site: Site) {
    Browser::open(&site, async |browser| {
        let files = [site.file("lake.png", LAKE), site.file("dune.png", DUNE)];

        let input = browser.find("input[name=photos]").await?;
        input.send_keys(files.join("\n")).await?;
        browser.click("#send").await?;

        browser.find("article.photo:nth-of-type(2) img").await?;
        assert_eq!(site.stored("default").len(), 2);
        browser.assert_no_error().await
    });
}

fn what_is_no_photo_is_refused_with_the_reason(site: Site) {
    Browser::open(&site, async |browser| {
        // By its name and by what the browser says it is a picture.
        browser
            .drop_file("page.png", b"<!doctype html><script>alert(1)</script>")
            .await?;

        let told = browser.text_with("#uploads", "page.png").await?;
        assert!(told.contains("not taken"), "{told}");
        assert_eq!(site.stored("default"), [""; 0]);
        Ok(())
    });
}

fn a_link_to_a_private_photo_ends(site: Site) {
    Browser::open(&site, async |browser| {
        browser.click("#private").await?;
        browser.drop_file("lake.png", LAKE).await?;
        browser.click("article.photo.private a").await?;
        assert_eq!(site.stored("default"), [""; 0]);
        assert_eq!(site.stored("private").len(), 1);

        browser.click("form#link button").await?;
        let lasting = browser.link("a#share").await?;
        // Shorter than any that the page has, since the test waits for its end.
        let shorten = "document.querySelector('select[name=seconds] option:checked').value = '1'";
        browser.run(shorten).await?;
        browser.click("form#link button").await?;
        browser.text_with("#told", "1 seconds").await?;
        let link = browser.link("a#share").await?;
        browser.assert_no_error().await?;

        browser.goto(&lasting).await?;
        assert_eq!(browser.shown_size("img").await?, (48, 32));
        assert_eq!(browser.status_of(&lasting).await?, 200);
        browser.until_status_of(&link, 403).await?;
        let without = link.split('?').next().expect("the part before the query");
        assert_eq!(browser.status_of(without).await?, 403);
        Ok(())
    });
}

fn a_photo_that_is_deleted_is_gone_from_the_storage(site: Site) {
    Browser::open(&site, async |browser| {
        browser.drop_file("lake.png", LAKE).await?;
        browser.click("article.photo a").await?;
        assert_eq!(site.stored("default").len(), 1);

        browser.click("#delete summary").await?;
        browser.click("#delete button").await?;

        browser.find("#photos").await?;
        assert!(browser.is_absent("article.photo").await?);
        assert_eq!(site.stored("default"), [""; 0]);
        browser.assert_no_error().await
    });
}

fn the_form_works_without_scripts(site: Site) {
    Browser::open_without_scripts(&site, async |browser| {
        let lake = site.file("lake.png", LAKE);

        browser
            .find("input[name=photos]")
            .await?
            .send_keys(&lake)
            .await?;
        browser.click("#send-private").await?;
        browser.find("article.photo.private").await?;
        browser
            .find("input[name=photos]")
            .await?
            .send_keys(&lake)
            .await?;
        browser.click("#send").await?;
        browser.find("article.photo:not(.private)").await?;

        browser.click("article.photo.private a").await?;
        browser.click("form#link button").await?;
        browser.find("a#share").await?;
        browser.assert_no_error().await
    });
}

fn the_stylesheet_is_hashed_immutable_and_compressed(site: Site) {
    Browser::open(&site, async |browser| {
        let sheet = browser
            .find("link[rel=stylesheet]")
            .await?
            .prop("href")
            .await?
            .expect("a URL");

        let headers = browser.headers_of(&sheet).await?;

        let name = sheet.rsplit('/').next().expect("a name");
        assert!(
            name.starts_with("gallery.") && name.len() == "gallery.0123456789ab.css".len(),
            "{sheet}"
        );
        assert_eq!(
            headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(headers["content-encoding"], "br");
        browser.assert_no_error().await
    });
}

fn a_changed_stylesheet_shows_after_the_next_collectstatic(mut site: Site) {
    let sheet = "document.querySelector('link[rel=stylesheet]').href";
    let ink = "getComputedStyle(document.body).outlineColor";
    let before = Browser::open(&site, async |browser| {
        assert_ne!(browser.run(ink).await?, "rgb(1, 2, 3)");
        browser.run(sheet).await
    });

    site.append_to(
        "static/gallery/gallery.css",
        "body { outline-color: rgb(1, 2, 3) }",
    );
    site.restart();

    let after = Browser::open(&site, async |browser| {
        assert_eq!(browser.run(ink).await?, "rgb(1, 2, 3)");
        browser.assert_no_error().await?;
        browser.run(sheet).await
    });
    assert_ne!(after.rsplit('/').next(), before.rsplit('/').next());
}

fn enter_opens_a_photo_and_arrows_lead_to_its_neighbours(site: Site) {
    Browser::open(&site, async |browser| {
        browser.drop_file("lake.png", LAKE).await?;
        browser.find("article.photo").await?;
        browser.drop_file("dune.png", DUNE).await?;
        browser.find("article.photo:nth-of-type(2)").await?;
        browser
            .run("document.querySelector('article.photo a').focus()")
            .await?;

        browser.press(Key::Enter).await?;
        assert_eq!(browser.text_of("h1", "dune").await?, "dune");
        browser.press(Key::Right).await?;
        assert_eq!(browser.text_of("h1", "lake").await?, "lake");
        browser.press(Key::Left).await?;
        assert_eq!(browser.text_of("h1", "dune").await?, "dune");
        browser.assert_no_error().await
    });
}
