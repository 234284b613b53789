//! An application with routes of its own, and the static files and media of a site.

use std::{error::Error, io::Write};

use actix_web::{App, HttpServer, rt::System, web};
use storehouse::{
    serve::{MediaFiles, StaticFiles},
    settings::{Settings, Sources},
    storages::{Storages, builtin},
};

mod files;

fn main() -> Result<(), Box<dyn Error>> {
    System::new().block_on(serve())
}

#[expect(clippy::future_not_send, reason = "each worker is one thread")]
async fn serve() -> Result<(), Box<dyn Error>> {
    let registry = builtin();
    let settings = Settings::load(&Sources::from_process()?, &registry)?;
    let storages = Storages::new(&settings, registry)?;
    let files = web::Data::new(files::Files {
        static_files: StaticFiles::load(&settings, &storages).await?,
        media: MediaFiles::load(&settings, &storages)?,
    });

    let application = move || {
        App::new()
            .app_data(files.clone())
            .route("/", web::get().to(async || "home\n"))
            .default_service(web::to(files::file_or_not_found))
    };
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8000");
    let server = HttpServer::new(application).bind(address)?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "Listening at http://{}/", server.addrs()[0])?;
    server.run().await?;
    Ok(())
}
