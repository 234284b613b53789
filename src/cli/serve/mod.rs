//! `storehouse serve`, alias `runserver`: static and media files over HTTP/1.1 and HTTP/2. What is
//! answered is [`crate::serve`]'s; here it gets a place to listen at, and an end.

use std::{convert::Infallible, future::pending, io, sync::Arc, time::Duration};

use serde_json::json;
use storehouse_storage::{Error, Result};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use self::{
    access_log::AccessLog,
    connection::{Server, Told},
    listen::{Connection, Listener, Place},
    places::Places,
    site::Site,
    urls::{is_below_a_path, is_ours},
};
use super::{
    Context, errors_among,
    flags::ServeFlags,
    gathered,
    output::{Failure, Output},
    refuse, refuse_bad_settings, signals,
};
use crate::{
    checks::{self, Problem},
    serve::{MediaFiles, StaticFiles},
    staticfiles,
    storages::DEFAULT,
};

mod access_log;
mod connection;
mod host;
#[cfg(test)]
#[cfg(feature = "memory")]
mod http2_tests;
mod idle;
mod listen;
mod page;
mod patience;
mod places;
mod sending;
mod site;
mod streams;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod urls;

/// How long answers that are under way may take when the server is told to end.
const GRACE: Duration = Duration::from_secs(10);
/// How long the server waits at its end for the last lines of the log to be written.
const LAST_LINES: Duration = Duration::from_secs(1);
/// After which time idle connections are asked once more to make room.
const ASKED_AGAIN: Duration = Duration::from_secs(1);
/// How long is waited where no connection can be taken, as with too many files open.
const BREATH: Duration = Duration::from_millis(100);

pub(super) async fn run(flags: ServeFlags, context: &Context) -> Result<u8, Failure> {
    refuse_bad_settings(context)?;
    let output = context.output;
    // What would show secrets is no matter of taste, and checked whatever the flags say.
    refuse(errors_among(served_folders(&flags, context).await, output))?;
    let place = Place::of(&flags)?;
    let tls = tls::acceptor(&flags)?;
    let site = Arc::new(site(&flags, context).await?);
    let listener = Listener::bind(place).await?;
    let hangups = tls.as_ref().and_then(|_| signals::Hangups::new());
    say(&site, &listener, tls.is_some(), &flags, context)?;
    // From here on a write to standard error holds no answer up.
    gathered::start();
    let (log, places) = (AccessLog::new(output), Places::of_this_process());
    let server = Arc::new(Server::new(site, log, tls, places));
    let code = tokio::select! {
        code = accept(listener, &server) => code,
        never = reload_at_signals(server.tls(), hangups, output) => match never {},
    };
    gathered::finish(LAST_LINES);
    Ok(code)
}

/// What is wrong with the folders whose files are served: those of sources too, where they are.
async fn served_folders(flags: &ServeFlags, context: &Context) -> Vec<Problem> {
    let (settings, storages) = (&context.settings, &context.storages);
    let mut problems = checks::served_folders(settings, storages);
    let finders = match settings.debug() || flags.insecure {
        // Why there are none is told when they are needed.
        true => staticfiles::finders(settings, storages).await.ok(),
        false => None,
    };
    let finders = finders.unwrap_or_default();
    problems.extend(checks::collected_folders(settings, storages, &finders));
    problems.extend(checks::links(settings, storages, &finders));
    if let Some(key) = tls::key(flags) {
        let of_key = checks::secret_file(settings, storages, &finders, "The TLS key", key);
        problems.extend(of_key);
    }
    problems
}

/// What is served, by the settings.
async fn site(flags: &ServeFlags, context: &Context) -> Result<Site, Failure> {
    let Context {
        settings, storages, ..
    } = context;
    let mut site = Site::default();
    if is_below_a_path(settings) && !flags.nostatic {
        site.static_files = Some(match flags.insecure {
            true => StaticFiles::uncollected(settings, storages).await?,
            false => StaticFiles::load(settings, storages).await?,
        });
    }
    if has_media(context) {
        site.media_files = Some(MediaFiles::load(settings, storages)?);
    }
    site.root_files = StaticFiles::root(settings, storages)?;
    if let Some(key) = tls::key(flags) {
        let without_key = |files: StaticFiles| files.without_file(key);
        site.static_files = site.static_files.map(without_key);
        site.root_files = site.root_files.map(without_key);
        site.media_files = site.media_files.map(|files| files.without_file(key));
    }
    if site.is_empty() {
        let problem = "there is nothing to serve: neither STATIC_URL nor MEDIA_URL is a path on this site, and WHITENOISE_ROOT is not set";
        let advice = "set STATIC_URL = \"/static/\", MEDIA_URL = \"/media/\" or WHITENOISE_ROOT = \"public\", or several of them";
        return Err(Error::configuration(problem).with_advice(advice).into());
    }
    if settings.debug() {
        let media = match has_media(context) {
            true => Some(storages.default()?),
            false => None,
        };
        site.page = Some(page::Page::new(settings, storages, media).await?);
    }
    Ok(site)
}

/// Whether there are media to be served. Without a storage of them there are none.
fn has_media(context: &Context) -> bool {
    is_ours(&context.settings, "MEDIA_URL")
        && context
            .storages
            .aliases()
            .iter()
            .any(|alias| alias == DEFAULT)
}

/// Says what is served where, as Django's `runserver` does.
fn say(
    site: &Site,
    listener: &Listener,
    is_tls: bool,
    flags: &ServeFlags,
    context: &Context,
) -> Result<(), Failure> {
    let (settings, output) = (&context.settings, context.output);
    let address = listener.url(is_tls);
    if output.is_json() {
        output.report(json!({ "event": "listening", "address": address }))?;
        return Ok(());
    }
    if settings.debug() && !listener.is_private() {
        output.note("storehouse: warning: DEBUG is on, and others can reach this address: every source of static files is shown to them");
    }
    if output.shows(1) {
        let from = match (settings.debug(), flags.insecure) {
            (true, _) => "where they are (DEBUG is on)",
            (false, true) => "where they are (--insecure)",
            (false, false) => "where they were collected",
        };
        if let Some(files) = &site.static_files {
            let prefix = files.prefix().as_str();
            output.report(format_args!("Static files at {prefix}, from {from}"))?;
        }
        if let Some(files) = &site.media_files {
            let how = match files.is_private() {
                true => ", by signed URLs only (querystring_auth = false serves them to everyone)",
                false => "",
            };
            output.report(format_args!("Media at {}{how}", files.prefix().as_str()))?;
        }
        if let Some(folder) = settings.whitenoise_root() {
            output.report(format_args!("Files at /, from {}", folder.display()))?;
        }
        // The last line: whoever started it may wait for this one and read no more.
        output.report("Quit with CONTROL-C.")?;
        output.report(format_args!("Listening at {address}"))?;
    }
    Ok(())
}

/// Reads the certificate again at each SIGHUP, which a renewal sends. Open connections stay.
async fn reload_at_signals(
    tls: Option<&tls::Acceptor>,
    hangups: Option<signals::Hangups>,
    output: Output,
) -> Infallible {
    let (Some(tls), Some(mut hangups)) = (tls, hangups) else {
        return pending().await;
    };
    loop {
        hangups.next().await;
        match tls.reload() {
            Ok(()) => output.note("storehouse: the certificate was read again"),
            Err(error) => output.note(format_args!(
                "storehouse: warning: the certificate stays the one that was read before: {error}"
            )),
        }
    }
}

/// Takes connections until a signal comes, and lets what is under way end: returns the exit code.
async fn accept(listener: Listener, server: &Arc<Server>) -> u8 {
    // Each connection has a receiver as long as it is there.
    let (told, _) = watch::channel(Told::Nothing);
    let mut stopped = std::pin::pin!(signals::signal());
    let code = loop {
        tokio::select! {
            code = &mut stopped => break code,
            accepted = next(&listener, server.places(), &told) => match accepted {
                Ok((connection, place)) => {
                    let serving = Arc::clone(server).serve(connection, told.subscribe());
                    tokio::spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("no connection can be taken: {error}");
                    tokio::time::sleep(BREATH).await;
                }
            },
        }
    };
    // Nobody connects any more.
    drop(listener);
    let _ = told.send(Told::End);
    tokio::select! {
        () = told.closed() => {}
        () = tokio::time::sleep(GRACE) => {}
        _ = signals::signal() => {}
    }
    code
}

/// Takes the next connection, as soon as there is a place for it: until then it waits in the system's queue.
async fn next(
    listener: &Listener,
    places: &Places,
    told: &watch::Sender<Told>,
) -> io::Result<(Connection, Option<OwnedSemaphorePermit>)> {
    let place = match places.free() {
        Some(place) => Some(place),
        None => room(places, told).await,
    };
    Ok((listener.accept().await?, place))
}

/// Waits for a place, and lets those that ask for nothing make room.
async fn room(places: &Places, told: &watch::Sender<Told>) -> Option<OwnedSemaphorePermit> {
    tracing::warn!(
        "as many connections are open as the limit of open files allows: the next one waits, and idle ones are ended"
    );
    loop {
        // Whoever is told later begins later.
        let _ = told.send(Told::MakeRoom);
        if let Ok(place) = timeout(ASKED_AGAIN, places.connection()).await {
            return place;
        }
    }
}
