//! `storehouse settings`.

use super::{Context, output::Failure};

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let output = context.output;
    for shown in context.settings.shown() {
        if output.is_json() {
            let line = serde_json::json!({
                "name": shown.name,
                "value": shown.value,
                "source": shown.source.to_string(),
            });
            output.result(line)?;
        } else {
            output.result(format_args!(
                "{} = {}  # {}",
                shown.name, shown.value, shown.source
            ))?;
        }
    }
    Ok(())
}
