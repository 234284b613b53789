//! One page with minijinja: the settings say where the static files are, the template only names them.

use std::{
    error::Error,
    io::{self, Write},
};

use minijinja::{Environment, context};
use storehouse::{
    settings::{Settings, Sources},
    staticfiles::StaticUrls,
    storages::{Storages, builtin},
    templates,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = builtin();
    let settings = Settings::load(&Sources::from_process()?, &registry)?;
    let storages = Storages::new(&settings, registry)?;

    // Once, at the start of the application.
    let urls = StaticUrls::load(&settings, &storages).await?;
    let mut env = Environment::new();
    templates::minijinja::add_to(&mut env, urls);
    env.add_template("page.html", include_str!("../templates/page.html"))?;

    // For each request.
    let page = env
        .get_template("page.html")?
        .render(context! { title => "A small site" })?;
    writeln!(io::stdout(), "{page}")?;
    Ok(())
}
