//! The records of the photos, in SQLite: a row a photo, with the file's record in it as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
    types::Json,
};
use storehouse::{media::FileRecord, settings::Settings};

use crate::app::PRIVATE;

/// How many photos are on a page.
const PAGE_SIZE: u8 = 60;

#[derive(Clone)]
pub(crate) struct Photos(SqlitePool);

/// One photo.
pub(crate) struct Photo {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) file: FileRecord,
    /// Seconds since 1970.
    pub(crate) added: i64,
}

type Row = (i64, String, Json<FileRecord>, i64);

impl From<Row> for Photo {
    fn from((id, title, Json(file), added): Row) -> Self {
        Self {
            id,
            title,
            file,
            added,
        }
    }
}

impl Photo {
    pub(crate) fn is_private(&self) -> bool {
        self.file.storage == PRIVATE
    }
}

impl Photos {
    /// Opens the database, and makes it where there is none. Each environment has its own, since
    /// records name files of its storages.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = settings.folder().join("data");
        std::fs::create_dir_all(&folder)?;
        let environment = settings.environment().unwrap_or("gallery");
        let options = SqliteConnectOptions::new()
            .filename(folder.join(format!("{environment}.sqlite3")))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().connect_with(options).await?;
        // AUTOINCREMENT: the page of a photo that was deleted is never another photo's.
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS photos (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                title TEXT NOT NULL,
                file TEXT NOT NULL,
                added INTEGER NOT NULL)",
        )
        .execute(&pool)
        .await?;
        Ok(Self(pool))
    }

    /// Adds all of these, or none. Returns their ids.
    pub(crate) async fn add(
        &self,
        files: impl Iterator<Item = &FileRecord>,
    ) -> sqlx::Result<Vec<i64>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
        let mut transaction = self.0.begin().await?;
        let mut ids = Vec::new();
        for file in files {
            let row = sqlx::query("INSERT INTO photos (title, file, added) VALUES (?, ?, ?)")
                .bind(title_of(&file.original_name))
                .bind(Json(file))
                .bind(now)
                .execute(&mut *transaction)
                .await?;
            ids.push(row.last_insert_rowid());
        }
        transaction.commit().await?;
        Ok(ids)
    }

    /// Returns the newest photos, of those before `before` if it is given, and whether there are older ones.
    pub(crate) async fn page(&self, before: Option<i64>) -> sqlx::Result<(Vec<Photo>, bool)> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, title, file, added FROM photos WHERE id < ? ORDER BY id DESC LIMIT ?",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(i64::from(PAGE_SIZE) + 1)
        .fetch_all(&self.0)
        .await?;
        let has_older = rows.len() > usize::from(PAGE_SIZE);
        let photos = rows
            .into_iter()
            .take(usize::from(PAGE_SIZE))
            .map(Photo::from);
        Ok((photos.collect(), has_older))
    }

    pub(crate) async fn get(&self, id: i64) -> sqlx::Result<Option<Photo>> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, title, file, added FROM photos WHERE id = ?")
                .bind(id)
                .fetch_optional(&self.0)
                .await?;
        Ok(row.map(Photo::from))
    }

    /// Returns the ids of the next newer and the next older photo.
    pub(crate) async fn neighbours(&self, id: i64) -> sqlx::Result<(Option<i64>, Option<i64>)> {
        sqlx::query_as(
            "SELECT (SELECT min(id) FROM photos WHERE id > ?1), (SELECT max(id) FROM photos WHERE id < ?1)",
        )
        .bind(id)
        .fetch_one(&self.0)
        .await
    }

    pub(crate) async fn delete(&self, id: i64) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM photos WHERE id = ?")
            .bind(id)
            .execute(&self.0)
            .await?;
        Ok(())
    }
}

/// What a photo is called: its file's name without the extension.
fn title_of(file_name: &str) -> &str {
    match file_name.rsplit_once('.') {
        Some((title, _)) if !title.is_empty() => title,
        _ => file_name,
    }
}
