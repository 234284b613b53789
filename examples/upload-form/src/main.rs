//! A form that uploads files into the storage of media, whatever that is, and the files themselves.

use std::{
    error::Error,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRef, State},
    response::Html,
    routing::get,
};
use storehouse::{
    media::{Field, Upload, UploadLimits, UploadTo, axum::Uploaded},
    serve::MediaFiles,
    settings::{Settings, Sources},
    storage::UrlOptions,
    storages::{Storages, builtin},
};

/// How long the last deletes may take when the program ends.
const SETTLING: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct App {
    files: Upload,
    storages: Arc<Storages>,
}

impl FromRef<App> for Upload {
    fn from_ref(app: &App) -> Self {
        app.files.clone()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = builtin();
    let settings = Settings::load(&Sources::from_process()?, &registry)?;
    let storages = Arc::new(Storages::new(&settings, registry)?);

    let files = Upload::to(&storages, "default")?
        .with_field("file", Field::file().with_max_count(100).required())
        .with_limits(UploadLimits::from_settings(&settings))
        .with_upload_to(UploadTo::pattern("uploads/%Y/%m/%d")?)
        .with_max_concurrent(64);
    let media = MediaFiles::load(&settings, &storages)?;
    let router = Router::new()
        .route("/", get(form).post(upload))
        .with_state(App {
            files: files.clone(),
            storages: Arc::clone(&storages),
        })
        .layer(media);

    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(
        io::stdout(),
        "Listening at http://{}/",
        listener.local_addr()?
    )?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async {
            if tokio::signal::ctrl_c().await.is_err() {
                // Without a handler the system ends the process: as good an end.
                std::future::pending::<()>().await;
            }
        })
        .await?;
    // What uploads that were broken off or not kept have left is deleted by now, or the log says that not.
    let settling = async {
        files.settle().await;
        storages.settle().await;
    };
    let _ = tokio::time::timeout(SETTLING, settling).await;
    Ok(())
}

async fn form() -> Html<&'static str> {
    Html(include_str!("form.html"))
}

/// Answers with a line for each file: its URL, size, type and checksum. An application would store the
/// records before it keeps the files; what is not kept is deleted.
async fn upload(State(app): State<App>, Uploaded(mut form): Uploaded) -> Result<String, String> {
    let mut lines = String::new();
    for file in &form.files {
        let record = file.record();
        let url = record.url(&app.storages, &UrlOptions::default()).await;
        let url = url.map_err(|error| error.to_string())?;
        let line = format!(
            "{url} {} {} {}\n",
            record.size, record.content_type, record.checksum
        );
        lines.push_str(&line);
    }
    form.keep();
    Ok(lines)
}
