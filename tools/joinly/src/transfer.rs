//! import, export: records as JSON lines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use joinly_storage::admin::{read_line, write_line};
use joinly_storage::store::Expiry;
use joinly_storage::{Batch, Store, limits};
use serde_json::json;

use crate::Outcome;
use crate::args::{Export, Import, Selection};
use crate::output::Output;
use crate::pages::CHUNK;
use crate::progress::Progress;

/// A key and a value in base64, with room for names and spaces.
const MAX_LINE_BYTES: u64 = 2 * (limits::MAX_VALUE_BYTES + limits::MAX_KEY_BYTES) as u64;
/// About the most bytes of a commit.
const CHUNK_BYTES: usize = 8 << 20;

pub fn import(import: &Import, output: &mut Output) -> Result<Outcome> {
    let input: Box<dyn BufRead> = match &import.file {
        Some(path) => Box::new(BufReader::new(File::open(path).with_context(|| path.display().to_string())?)),
        None => Box::new(io::stdin().lock()),
    };
    let store = import.of.open()?;
    let name = import.file.as_ref().map_or("standard input".into(), |path| path.display().to_string());
    let records = read_lines(&store, input).with_context(|| name)?;
    store.close()?;
    output.line(&json!({"imported": records}), || format!("{records} imported"))?;
    Ok(Outcome::Done)
}

/// Writes the records of all lines, many in a commit. Those before a bad line stay, as its message says.
fn read_lines(store: &Store, mut input: Box<dyn BufRead>) -> Result<u64> {
    let progress = Progress::counting("import");
    let (mut batch, mut bytes, mut records, mut committed) = (Batch::new(), 0, 0, 0);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        let ended = line.is_empty();
        if !line.trim_ascii().is_empty() {
            put(&mut batch, &line)
                .with_context(|| format!("line {number} ({committed} records before it were imported)"))?;
            bytes += line.len();
            records += 1;
        }
        if !batch.is_empty() && (ended || batch.len() >= CHUNK || bytes >= CHUNK_BYTES) {
            store.commit(&batch)?;
            progress.add(records - committed);
            committed = records;
            batch.clear();
            bytes = 0;
        }
        if ended {
            break;
        }
    }
    Ok(records)
}

fn put(batch: &mut Batch, line: &[u8]) -> Result<()> {
    if line.len() as u64 >= MAX_LINE_BYTES {
        bail!("longer than {MAX_LINE_BYTES} bytes");
    }
    let record = read_line(line)?;
    let expiry = if record.expires_at == 0 { Expiry::Never } else { Expiry::At(record.expires_at) };
    Ok(batch.put_expiring(&record.key, &record.value, expiry)?)
}

pub fn export(export: &Export, output: &mut Output) -> Result<Outcome> {
    let store = export.of.open_to_read()?;
    let Some(path) = &export.output else {
        write_lines(&store, &export.selection, output.writer())?;
        return Ok(Outcome::Done);
    };
    let records = replace(path, |file| write_lines(&store, &export.selection, file))
        .with_context(|| path.display().to_string())?;
    output.line(&json!({"exported": records}), || format!("{records} exported"))?;
    Ok(Outcome::Done)
}

fn write_lines(store: &Store, selection: &Selection, out: &mut dyn Write) -> Result<u64> {
    let progress = Progress::counting("export");
    let (mut records, mut line) = (0, Vec::new());
    selection.visit(store, false, |row| -> Result<()> {
        let value = row.value.as_deref().unwrap_or_default();
        line.clear();
        write_line(&row.key, value, row.version, row.expires_at, &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
        records += 1;
        progress.add(1);
        Ok(())
    })?;
    Ok(records)
}

/// Writes a file beside its place, and puts it there once it is whole. Readable by its owner alone.
fn replace<R>(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<R>) -> Result<R> {
    let mut name = path.file_name().context("no name of a file")?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let scratch = Scratch(path.with_file_name(name));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(&scratch.0)?);
    let result = write(&mut file)?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&scratch.0, path)?;
    Ok(result)
}

/// A file that is removed unless it was renamed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
