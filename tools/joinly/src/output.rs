//! What is printed: lines for people, or JSON for programs.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use joinly_storage::admin::write_line;
use serde::Serialize;

use crate::text;

/// Where results go.
pub struct Output {
    out: io::BufWriter<io::StdoutLock<'static>>,
    pub json: bool,
}

impl Output {
    pub fn stdout(json: bool) -> Self {
        Self { out: io::BufWriter::new(io::stdout().lock()), json }
    }

    /// Whether a person looks at it.
    pub fn is_terminal(&self) -> bool {
        self.out.get_ref().is_terminal()
    }

    /// A line: the JSON of `record` if that was asked for, else `text`.
    pub fn line(&mut self, record: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        match self.json {
            true => serde_json::to_writer(&mut self.out, record).map_err(io::Error::from)?,
            false => self.out.write_all(text().as_bytes())?,
        }
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// A line of text.
    pub fn text(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "{text}")?;
        Ok(())
    }

    /// A record as `export` writes it.
    pub fn record(&mut self, key: &[u8], value: &[u8], version: u64, expires_at: i64) -> Result<()> {
        let mut line = Vec::new();
        write_line(key, value, version, expires_at, &mut line);
        line.push(b'\n');
        self.out.write_all(&line)?;
        Ok(())
    }

    /// For what is neither.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Bytes as they are, and a line feed where a person looks at them.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes)?;
        if self.is_terminal() {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Shows what was printed so far.
    pub fn finish(&mut self) -> Result<()> {
        self.out.flush()?;
        Ok(())
    }

    /// Columns, under their names if these are wanted; numbers at the right.
    pub fn table(&mut self, names: &[String], rows: &[Vec<Cell>], heading: bool) -> Result<()> {
        let width = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(Cell::width);
            cells.chain(names.get(at).map(|name| name.chars().count())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..names.len()).map(width).collect();
        let names: Vec<Cell> = names.iter().map(|name| Cell { text: name.clone(), number: false }).collect();
        for row in heading.then_some(&names).into_iter().chain(rows) {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| cell.padded(*width)).collect();
            writeln!(self.out, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// What stands in a table.
pub struct Cell {
    pub text: String,
    pub number: bool,
}

impl Cell {
    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn padded(&self, width: usize) -> String {
        match self.number {
            true => format!("{:>width$}", self.text),
            false => format!("{:<width$}", self.text),
        }
    }
}

/// Bytes for JSON: text as it is, what is not UTF-8 escaped as for a person.
pub fn json_text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| text::escape(bytes), str::to_owned)
}

/// Tells of a failure on standard error.
pub fn report(error: &anyhow::Error, json: bool) {
    let text = format!("{error:#}");
    if !json {
        eprintln!("joinly: {text}");
        return;
    }
    let kind = error.downcast_ref::<joinly_storage::Error>().map_or("FAILED", |error| error.kind().name());
    eprintln!("{}", serde_json::json!({"error": kind, "message": text}));
}
