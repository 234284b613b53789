//! Whether a file is wanted: its name, its extension and its type, by how it begins. Validators, which
//! need all of it, come later.

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use storehouse_storage::{Name, get_valid_name};

use super::{
    error::UploadError,
    file_type::{FileType, HEAD_BYTES},
    form_reader::FormReader,
    names::split_extension,
    upload::Upload,
    upload_to::UploadedPart,
};

/// A file that is wanted, as far as its beginning tells.
pub(super) struct Wanted {
    pub(super) part: UploadedPart,
    /// What was read of it: as much as is looked at, or all of it.
    pub(super) first: Bytes,
}

impl Upload {
    /// Reads how a file begins, and refuses what is not wanted.
    pub(super) async fn look(
        &self,
        reader: &mut FormReader<'_>,
        field: String,
        name: String,
    ) -> Result<Wanted, UploadError> {
        // What it is called once blanks around the name are gone: `a.html ` is a page.
        let valid_name =
            get_valid_name(&name).map_err(|_| UploadError::UnusableName { file: name.clone() })?;
        let wrong = |why| UploadError::WrongType {
            file: name.clone(),
            why,
        };
        self.check_extension(&valid_name).map_err(wrong)?;
        let mut first = BytesMut::new();
        while first.len() < HEAD_BYTES
            && let Some(block) = reader.block().await?
        {
            first.extend_from_slice(&block);
        }
        let found = FileType::of(&valid_name, &first).map_err(wrong)?;
        let of_field = self.fields.file(&field);
        for types in [
            self.types.as_deref(),
            of_field.and_then(|field| field.types.as_deref()),
        ] {
            check_type(&found, types).map_err(wrong)?;
        }
        let content_type = found.content_type;
        Ok(Wanted {
            part: UploadedPart {
                field,
                name,
                content_type,
            },
            first: first.freeze(),
        })
    }

    /// Makes the name in the storage. A function may have given it another extension, so it is looked at
    /// once more whether that lies.
    pub(super) fn name(
        &self,
        part: &UploadedPart,
        first: &[u8],
        checksum: Option<&str>,
    ) -> Result<Name, UploadError> {
        let name = self.upload_to.name(part, checksum, SystemTime::now())?;
        match FileType::of(name.file_name(), first) {
            Ok(_) => Ok(name),
            Err(why) => Err(UploadError::WrongType {
                file: part.name.clone(),
                why,
            }),
        }
    }

    fn check_extension(&self, name: &str) -> Result<(), String> {
        let Some(extensions) = &self.extensions else {
            return Ok(());
        };
        let extension = split_extension(name)
            .1
            .trim_start_matches('.')
            .to_ascii_lowercase();
        match extensions.contains(&extension) {
            true => Ok(()),
            false => Err(format!(
                "its extension is {extension:?}; taken are {}",
                extensions.join(", ")
            )),
        }
    }
}

fn check_type(found: &FileType, types: Option<&[String]>) -> Result<(), String> {
    let Some(types) = types else {
        return Ok(());
    };
    let is = match found.is_proven {
        true if found.is_one_of(types) => return Ok(()),
        true => found.content_type.as_str(),
        false => "of no type that can be told",
    };
    Err(format!("it is {is}; taken are {}", types.join(", ")))
}
