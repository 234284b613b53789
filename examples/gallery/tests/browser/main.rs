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
    how_far_an_upload_is_shows
    what_is_no_photo_is_refused_with_the_reason
    what_is_too_large_is_refused_though_the_browser_still_sends
    a_link_to_a_private_photo_ends
    a_photo_that_is_deleted_is_gone_from_the_storage
    the_form_works_without_scripts
    the_stylesheet_is_hashed_immutable_and_compressed
    a_changed_stylesheet_shows_after_the_next_collectstatic
    enter_opens_a_photo_and_arrows_lead_to_its_neighbours
    it_fits_a_telephone
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

fn how_far_an_upload_is_shows(site: Site) {
    Browser::open(&site, async |browser| {
        // What comes behind a picture's end is nothing to it.
        let long = [LAKE, &vec![0; 3_000_000]].concat();
        let lake = site.file("lake.png", &long);
        let seen = "window.seen = []; new MutationObserver(() => seen.push([
            document.querySelector('#uploads progress')?.getAttribute('value'),
            document.querySelector('#uploads .state')?.textContent,
        ])).observe(document.querySelector('#uploads'), { subtree: true, childList: true, attributes: true })";
        browser.execute(seen, Vec::new()).await?;
        browser.slow_down(1_000_000).await?;

        let input = browser.find("input[name=photos]").await?;
        input.send_keys(lake).await?;
        browser.click("#send").await?;

        browser.find("article.photo img").await?;
        let seen = browser.execute("return seen", Vec::new()).await?;
        let seen: Vec<(Option<String>, Option<String>)> = seen.convert()?;
        let parts = seen.iter().filter_map(|(value, state)| {
            let value: f64 = value.as_ref()?.parse().ok()?;
            let percent = format!("{} %", (value * 100.0).floor());
            (0.0 < value && value < 1.0 && state.as_ref() == Some(&percent)).then_some(value)
        });
        let parts: Vec<f64> = parts.collect();
        assert!(parts.len() > 1 && parts.is_sorted(), "{seen:?}");
        let saving = (None, Some("Saving".to_owned()));
        assert!(seen.contains(&saving), "{seen:?}");
        browser.assert_no_error().await
    });
}

fn what_is_too_large_is_refused_though_the_browser_still_sends(site: Site) {
    Browser::open_without_scripts(&site, async |browser| {
        let large = [LAKE, &vec![0; 60_000_000]].concat();
        let input = browser.find("input[name=photos]").await?;
        input.send_keys(site.file("large.png", &large)).await?;

        browser.click("#send").await?;

        let told = browser.text_with("main", "large.png").await?;
        assert!(told.contains("20000000 bytes"), "{told}");
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

fn it_fits_a_telephone(site: Site) {
    Browser::open(&site, async |browser| {
        browser.be_a_telephone(320, 640).await?;
        browser.click("#private").await?;
        browser.drop_file("lake.png", LAKE).await?;
        let long = format!("{}.png", "n".repeat(200));
        browser.drop_file(&long, b"no picture").await?;
        browser.find("article.photo").await?;
        browser.text_with("#uploads", "not taken").await?;
        assert_fits(browser, "the photos").await?;

        browser.click("article.photo a").await?;
        browser.click("form#link button").await?;
        browser.find("a#share").await?;
        assert_fits(browser, "a photo").await?;

        browser.goto(&format!("{}/nothing", site.url)).await?;
        assert_fits(browser, "an error").await
    });
}

/// Nothing is wider than the screen, and what is touched has 24 pixels at least (WCAG 2.2, 2.5.8).
async fn assert_fits(browser: &Browser, page: &str) -> WebDriverResult<()> {
    let width = browser.run("document.documentElement.scrollWidth").await?;
    assert_eq!(width, "320", "{page}");
    let small = "[...document.querySelectorAll('button, select, input, summary, .button')]
        .filter(one => one.checkVisibility() && (one.closest('label') ?? one).getBoundingClientRect().height < 24)
        .map(one => one.outerHTML).join()";
    assert_eq!(browser.run(small).await?, "", "{page}");
    Ok(())
}
