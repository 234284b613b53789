//! One page with tera: the settings say where the static files are, the template only names them.

use std::{
    error::Error,
    io::{self, Write},
};

use storehouse::{
    settings::{Settings, Sources},
    staticfiles::StaticUrls,
    storages::{Storages, builtin},
    templates,
};
use tera::{Context, Tera};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = builtin();
    let settings = Settings::load(&Sources::from_process()?, &registry)?;
    let storages = Storages::new(&settings, registry)?;

    // Once, at the start of the application; the functions before the templates that use them.
    let urls = StaticUrls::load(&settings, &storages).await?;
    let mut tera = Tera::default();
    templates::tera::add_to(&mut tera, urls);
    tera.add_raw_template("page.html", include_str!("../templates/page.html"))?;

    // For each request.
    let mut context = Context::new();
    context.insert("title", "A small site");
    let page = tera.render("page.html", &context)?;
    writeln!(io::stdout(), "{page}")?;
    Ok(())
}
