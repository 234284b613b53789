//! What is done at each URL.

use std::time::Duration;

use axum::{
    Form, Json,
    extract::{
        Path, Query, Request, State,
        rejection::{FormRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use storehouse::media::{self, Upload};

use crate::{
    app::App,
    failure::{Failure, log},
    pages,
    photos::Photo,
    responses::wants_json,
};

/// A link may work for a week at most, as S3 has it too.
const MAX_LIFETIME_SECONDS: u64 = 7 * 86_400;
const BAD_LIFETIME: &str = "a link works for one second to seven days";

#[derive(Deserialize)]
pub(crate) struct Before {
    before: Option<i64>,
}

/// `GET /`: the newest photos, or with `?before=ID` the next older ones.
pub(crate) async fn index(
    State(app): State<App>,
    query: Result<Query<Before>, QueryRejection>,
) -> Result<Html<String>, Failure> {
    let Query(Before { before }) = query.map_err(|_| Failure::NotFound)?;
    pages::index(&app, before, None).await
}

/// `POST /photos`: adds photos that everyone may see.
pub(crate) async fn add_public(
    State(app): State<App>,
    request: Request,
) -> Result<Response, Failure> {
    add(&app, &app.public, request).await
}

/// `POST /photos/private`: adds photos that need a link.
pub(crate) async fn add_private(
    State(app): State<App>,
    request: Request,
) -> Result<Response, Failure> {
    add(&app, &app.private, request).await
}

#[derive(Serialize)]
struct Added {
    photos: Vec<AddedPhoto>,
}

#[derive(Serialize)]
struct AddedPhoto {
    id: i64,
    page: String,
}

async fn add(app: &App, upload: &Upload, request: Request) -> Result<Response, Failure> {
    let json = wants_json(request.headers());
    let ids = match taken(app, upload, request).await {
        Ok(ids) => ids,
        Err(failure) => {
            let told = failure.told();
            if json || !told.status.is_client_error() {
                return Err(failure);
            }
            // The form again, with what was wrong with it.
            log(&failure);
            let page = pages::index(app, None, Some(&told.message)).await?;
            return Ok((told.status, page).into_response());
        }
    };
    if !json {
        return Ok(Redirect::to("/").into_response());
    }
    let added = |id: i64| AddedPhoto {
        id,
        page: format!("/photos/{id}"),
    };
    let photos = ids.into_iter().map(added).collect();
    Ok((StatusCode::CREATED, Json(Added { photos })).into_response())
}

/// Takes the files of a form, and makes their records. Either all are there afterwards, or none.
async fn taken(app: &App, upload: &Upload, request: Request) -> Result<Vec<i64>, Failure> {
    let (head, body) = request.into_parts();
    let form = upload.receive_body(&head.headers, body).await?;
    if form.files.is_empty() {
        return Err(Failure::BadRequest("choose a photo first"));
    }
    // By itself: a browser that goes away now would leave records without their files.
    let recorded = app.tasks.spawn(recorded(app.clone(), form));
    recorded.await.map_err(|_| Failure::Interrupted)?
}

/// The files of a form without records are deleted with the form.
async fn recorded(app: App, mut form: media::Form) -> Result<Vec<i64>, Failure> {
    let records = form.files.iter().map(|file| file.record());
    let ids = app.photos.add(records).await?;
    form.keep();
    Ok(ids)
}

/// `GET /photos/ID`.
pub(crate) async fn photo(State(app): State<App>, id: PhotoId) -> Result<Html<String>, Failure> {
    let photo = found(&app, id).await?;
    pages::photo(&app, photo, None).await
}

#[derive(Deserialize)]
pub(crate) struct Lifetime {
    seconds: u64,
}

/// `POST /photos/ID/link`: a link to a private photo, for whoever has it, that ends.
pub(crate) async fn link(
    State(app): State<App>,
    id: PhotoId,
    form: Result<Form<Lifetime>, FormRejection>,
) -> Result<Html<String>, Failure> {
    let Form(Lifetime { seconds }) = form.map_err(|_| Failure::BadRequest(BAD_LIFETIME))?;
    let photo = found(&app, id).await?;
    if !photo.is_private() {
        return Err(Failure::BadRequest(
            "everyone may see this photo: it needs no link",
        ));
    }
    if !(1..=MAX_LIFETIME_SECONDS).contains(&seconds) {
        return Err(Failure::BadRequest(BAD_LIFETIME));
    }
    pages::photo(&app, photo, Some(Duration::from_secs(seconds))).await
}

/// `POST /photos/ID/delete`.
pub(crate) async fn delete(State(app): State<App>, id: PhotoId) -> Result<Redirect, Failure> {
    let photo = found(&app, id).await?;
    // As in `taken`: a browser that goes away would leave a record without a file.
    let deleted = app.tasks.spawn(deleted(app.clone(), photo));
    deleted.await.map_err(|_| Failure::Interrupted)??;
    Ok(Redirect::to("/"))
}

/// The file goes first: if that fails the photo is still there, to be deleted again.
async fn deleted(app: App, photo: Photo) -> Result<(), Failure> {
    photo.file.delete(&app.storages).await?;
    Ok(app.photos.delete(photo.id).await?)
}

/// What stands in the path; that it cannot be read is told as any other page that is not there.
type PhotoId = Result<Path<String>, PathRejection>;

async fn found(app: &App, id: PhotoId) -> Result<Photo, Failure> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    let photo = app.photos.get(id.ok_or(Failure::NotFound)?).await?;
    photo.ok_or(Failure::NotFound)
}
