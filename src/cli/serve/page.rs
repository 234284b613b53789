//! What a browser is shown at `/` with `DEBUG`: the static and media files there are, each a link.
//! Nothing lists them otherwise.

use std::{fmt::Write, sync::Arc};

use futures::{StreamExt, TryStreamExt};
use htmlize::escape_all_quotes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use storehouse_storage::{Name, Result, Storage, join_url};

use super::{host::AllowedHosts, urls::is_ours};
use crate::{
    serve::{ResponseBody, UrlPrefix},
    settings::Settings,
    staticfiles::{self, Finder, IgnorePatterns},
    storages::Storages,
};

/// How many files of a kind are listed.
const MOST: usize = 1000;
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h2 { margin-top: 2rem }
ul { columns: 20rem; padding-left: 1.2rem }
li { break-inside: avoid; overflow-wrap: anywhere }
";

/// Makes the page, of what is there when it is asked for.
#[derive(Debug)]
pub(super) struct Page {
    finders: Arc<[Box<dyn Finder>]>,
    media: Option<Arc<dyn Storage>>,
    static_prefix: Option<String>,
    media_prefix: String,
    hosts: AllowedHosts,
}

impl Page {
    /// Makes the page of all static files, and of `media` if there are any.
    pub(super) async fn new(
        settings: &Settings,
        storages: &Storages,
        media: Option<Arc<dyn Storage>>,
    ) -> Result<Self> {
        let hosts = AllowedHosts::new(settings);
        for host in hosts.impossible() {
            tracing::warn!(
                "ALLOWED_HOSTS has {host:?}, which no host can be: write a name alone, without scheme, port and path"
            );
        }
        let prefix = |name| {
            let url = settings
                .site_url(name)
                .filter(|_| is_ours(settings, name))?;
            Some(UrlPrefix::of_url(&url).as_str().to_owned())
        };
        Ok(Self {
            finders: staticfiles::finders(settings, storages).await?.into(),
            media,
            static_prefix: prefix("STATIC_URL"),
            media_prefix: prefix("MEDIA_URL").unwrap_or_default(),
            hosts,
        })
    }

    pub(super) async fn response(&self, method: &Method, host: &str) -> Response<ResponseBody> {
        let (status, html) = match self.hosts.has(host) {
            true => (StatusCode::OK, self.html().await),
            false => (StatusCode::BAD_REQUEST, self.refusal(host)),
        };
        let length = HeaderValue::from(html.len());
        let body = match *method {
            Method::HEAD => ResponseBody::empty(),
            _ => ResponseBody::from(html),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HTML);
        headers.insert(header::CONTENT_LENGTH, length);
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        response
    }

    fn refusal(&self, host: &str) -> String {
        let what = match host {
            "" => "The request names no host.".to_owned(),
            host => format!(
                "Invalid Host header: '{host}'. You may need to add it to <code>ALLOWED_HOSTS</code>.",
                host = escape_all_quotes(host)
            ),
        };
        let hint = match self.hosts.are_default() {
            true => " <code>localhost</code> works without it.",
            false => "",
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Storehouse</title>\n\
             <style>{STYLE}</style>\n<h1>Storehouse</h1>\n<p>{what}{hint}\n</html>\n"
        )
    }

    async fn html(&self) -> String {
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>Storehouse</title>\n<style>{STYLE}</style>\n<h1>Storehouse</h1>\n\
             <p>This page is here because <code>DEBUG</code> is on.\n"
        );
        if let Some(prefix) = &self.static_prefix {
            let names = self.static_names().await;
            section(&mut html, "Static files", prefix, names);
        }
        if let Some(media) = &self.media {
            let names = media.list(None).map_ok(|entry| entry.name);
            let names = names.take(MOST + 1).try_collect().await;
            section(&mut html, "Media", &self.media_prefix, names);
        }
        html.push_str("</html>\n");
        html
    }

    async fn static_names(&self) -> Result<Vec<Name>> {
        let finders = Arc::clone(&self.finders);
        let found = staticfiles::find(finders, IgnorePatterns::default()).await?;
        Ok(found.into_iter().map(|found| found.name).collect())
    }
}

/// A heading and links, sorted; or what kept them from being listed.
fn section(html: &mut String, title: &str, prefix: &str, names: Result<Vec<Name>>) {
    let mut names = match names {
        Ok(names) => names,
        Err(error) => {
            let error = escape_all_quotes(error.to_string());
            let _ = writeln!(html, "<h2>{title}</h2>\n<p>They cannot be listed: {error}");
            return;
        }
    };
    names.sort_unstable();
    // The first finder has the name.
    names.dedup();
    let more = match names.len() > MOST {
        true => format!(", the first {MOST} of them"),
        false => String::new(),
    };
    let _ = writeln!(
        html,
        "<h2>{title} below <code>{}</code>{more}</h2>",
        escape_all_quotes(prefix)
    );
    if names.is_empty() {
        let _ = writeln!(html, "<p>There are none.");
        return;
    }
    html.push_str("<ul>\n");
    for name in names.iter().take(MOST) {
        let url = escape_all_quotes(join_url(prefix, name));
        let name = escape_all_quotes(name.as_str());
        let _ = writeln!(html, "<li><a href=\"{url}\">{name}</a>");
    }
    html.push_str("</ul>\n");
}
