//! `gallery [ADDRESS:PORT]` collects the static files and serves the gallery. With other arguments it is
//! the command `storehouse` with the gallery's settings, as `manage.py` is with Django's:
//! `gallery collectstatic`, `gallery check --deploy`, `gallery list --storage private`.

use std::{
    env,
    error::Error,
    ffi::OsString,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use storehouse::{
    cli,
    settings::{Settings, Sources},
    storages::{Storages, builtin},
};

mod app;
mod failure;
mod handlers;
mod pages;
mod photos;
mod responses;

/// The gallery's own settings, for `cargo run` from anywhere.
const OWN_SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/storehouse.toml");

/// How long answers may take once the gallery is to end.
const GRACE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let address = match &*arguments {
        [] => Some(SocketAddr::from(([127, 0, 0, 1], 8000))),
        [address] => address.to_str().and_then(|text| text.parse().ok()),
        _ => None,
    };
    let Some(address) = address else {
        return storehouse_command(arguments);
    };
    match run(address) {
        Ok(code) => code,
        Err(error) => {
            // If standard error is gone there is nobody to tell.
            let _ = writeln!(io::stderr(), "gallery: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(address: SocketAddr, settings: Settings) -> Result<(), Box<dyn Error>> {
    let storages = Arc::new(Storages::new(&settings, builtin())?);
    let app = app::App::new(&settings, &storages).await?;
    let router = app::router(app.clone(), &settings).await?;

    let listener = tokio::net::TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "The gallery is at http://{address}/")?;
    let served = axum::serve(listener, router).with_graceful_shutdown(stopped());
    // A client that reads nothing any more would hold it up for ever.
    let given_up = async {
        stopped().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = served.into_future() => served?,
        () = given_up => {}
    }
    app.settle().await;
    Ok(())
}

fn run(address: SocketAddr) -> Result<ExitCode, Box<dyn Error>> {
    let sources = Sources::from_process()?;
    let sources = match settings_file(&sources.working_dir) {
        Some(file) => sources.with_settings_file(file),
        None => sources,
    };
    let settings = Settings::load(&sources, &builtin())?;
    // With DEBUG they come from where they are.
    if !settings.debug() {
        let code = storehouse_command(vec!["collectstatic".into(), "--noinput".into()]);
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    serve(address, settings)?;
    Ok(ExitCode::SUCCESS)
}

fn storehouse_command(arguments: Vec<OsString>) -> ExitCode {
    let mut line: Vec<OsString> = vec!["gallery".into()];
    let working_dir = env::current_dir().unwrap_or_default();
    if let Some(file) = settings_file(&working_dir) {
        line.extend(["--settings".into(), file.into()]);
    }
    line.extend(arguments);
    cli::run(line, builtin())
}

/// The gallery's own settings, unless there are others here or in a parent folder.
fn settings_file(working_dir: &Path) -> Option<PathBuf> {
    let has_others = working_dir
        .ancestors()
        .any(|folder| folder.join("storehouse.toml").exists());
    (!has_others).then(|| PathBuf::from(OWN_SETTINGS))
}

async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system ends the process: as good an end.
        std::future::pending::<()>().await;
    }
}
