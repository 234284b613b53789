//! `storehouse url NAME`.

use std::time::Duration;

use storehouse_storage::{Name, Storage, UrlOptions};

use super::{Context, flags::UrlFlags, output::Failure};

pub(super) async fn run(flags: UrlFlags, context: &Context) -> Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let mut options = UrlOptions::default();
    options.expires_in = flags.expires_in.map(Duration::from_secs);
    options.download_name = flags.download_name;
    options.content_type = flags.content_type;
    let url = storage.url(&Name::new(&flags.name)?, &options).await?;
    if context.output.is_json() {
        return Ok(context.output.result(serde_json::json!({ "url": url }))?);
    }
    Ok(context.output.result(url)?)
}
