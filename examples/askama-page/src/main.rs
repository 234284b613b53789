//! One page with askama: the settings say where the static files are, the template only names them.

use std::{
    error::Error,
    io::{self, Write},
};

use askama::Template;
use storehouse::{
    settings::{Settings, Sources},
    staticfiles::StaticUrls,
    storages::{Storages, builtin},
    templates::askama as filters,
};

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: &'a str,
    media: &'a str,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = builtin();
    let settings = Settings::load(&Sources::from_process()?, &registry)?;
    let storages = Storages::new(&settings, registry)?;

    // Once, at the start of the application.
    let urls = StaticUrls::load(&settings, &storages).await?;

    // For each request; the filters find `urls` among the values.
    let page = Page {
        title: "A small site",
        media: urls.media_prefix(),
    };
    writeln!(io::stdout(), "{}", page.render_with_values(&urls)?)?;
    Ok(())
}
