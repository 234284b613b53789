//! `storehouse save SRC [NAME]`.

use std::path::Path;

use storehouse_storage::{
    Attributes, Content, Error, ErrorKind, Name, Result, SaveOptions, Storage,
    guess_content_encoding,
};

use super::{Context, flags::SaveFlags, output::Failure};

pub(super) async fn run(flags: SaveFlags, context: &Context) -> std::result::Result<(), Failure> {
    let storage = context.storages.open(&flags.storage.storage)?;
    let name = name(&flags)?;
    let content = content(&flags.source).await?;
    let mut options = options(&flags);
    if storage.capabilities().attributes {
        options.attributes.content_encoding = guess_content_encoding(&name).map(str::to_owned);
    } else if options.attributes != Attributes::default() {
        context.output.note(format_args!(
            "storehouse: warning: {} keeps nothing beside the content: what --content-type and the like say is left out",
            storage.describe()
        ));
    }
    let saved = storage.save(&name, content, &options).await?;
    if context.output.is_json() {
        let line = serde_json::json!({ "name": saved.name.as_str(), "size": saved.size, "etag": saved.etag });
        return Ok(context.output.result(line)?);
    }
    Ok(context.output.name(&saved.name, '\n')?)
}

fn name(flags: &SaveFlags) -> Result<Name> {
    if let Some(name) = &flags.name {
        return Name::new(name);
    }
    if flags.source == "-" {
        return Err(
            Error::new(ErrorKind::InvalidName, "standard input has no name")
                .with_advice("give one: storehouse save - NAME"),
        );
    }
    let file_name = Path::new(&flags.source)
        .file_name()
        .and_then(|name| name.to_str());
    Name::new(file_name.unwrap_or_default())
}

async fn content(source: &str) -> Result<Content> {
    if source == "-" {
        return Ok(Content::from_reader(tokio::io::stdin()));
    }
    Content::from_path(source).await.map_err(|error| {
        let cause = Error::from_io(error);
        let advice = if source.contains("://") {
            "; SRC is a file on this machine, not a URL"
        } else {
            ""
        };
        Error::new(
            cause.kind(),
            format!("cannot read {source:?}: {}{advice}", cause.problem()),
        )
    })
}

fn options(flags: &SaveFlags) -> SaveOptions {
    let mut options = SaveOptions::default();
    options
        .attributes
        .content_type
        .clone_from(&flags.content_type);
    options
        .attributes
        .cache_control
        .clone_from(&flags.cache_control);
    options
        .attributes
        .content_disposition
        .clone_from(&flags.content_disposition);
    options.max_length = flags.max_length;
    if flags.overwrite {
        options.overwrite = Some(true);
    }
    for (key, value) in &flags.metadata {
        options = options.with_metadata(key, value);
    }
    options
}
