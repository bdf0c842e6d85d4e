//! Where a store is and how it is opened: by options, by URL, by TOML file.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

pub use crate::engine::Durability;
use crate::error::{Error, Kind, Result};

/// How commits reach the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Before they are acknowledged. Any number of processes write.
    #[default]
    Through,
    /// Later, sorted and many together; they are acknowledged once they are in a journal. This store alone writes; other
    /// processes see what has been flushed. Power loss may roll back all that is not flushed if the durability is
    /// [`Durability::Process`], in order and never part of a commit.
    Behind,
}

/// How a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What an acknowledged commit survives.
    pub durability: Durability,
    /// How commits reach the database.
    pub mode: Mode,
    /// In mode behind: how many bytes of commits may wait. Writers are slowed down from half of it on.
    pub behind_bytes: u64,
    /// In mode behind: how long a commit waits at most, while the database keeps up.
    pub flush_interval_ms: u32,
    /// Memory for the cache of values, taken as it is used. A value of more than about a tenth of it is not kept.
    pub cache_bytes: u64,
    /// How long to wait for locks of other processes.
    pub busy_timeout_ms: u32,
    /// The longest that a read snapshot is held.
    pub snapshot_max_age_ms: u32,
    /// Values of at least this many bytes are compressed.
    pub compress_threshold: u32,
    /// The zstd level, 1 to 19; -1: never compress.
    pub compress_level: i32,
    /// How many commits the change log keeps.
    pub log_keep: u64,
    /// How often expired keys are removed from the file.
    pub sweep_interval_ms: u32,
    /// For reading only.
    pub read_only: bool,
    /// Do not create it.
    pub must_exist: bool,
    /// In a folder of JSON Lines: how many archives of the write-ahead log are kept, the latest.
    pub archive_keep: u32,
    /// In a folder of JSON Lines: whether they are compressed, with zstd.
    pub archive_compress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            mode: Mode::Through,
            behind_bytes: 64 << 20,
            flush_interval_ms: 100,
            cache_bytes: 64 << 20,
            busy_timeout_ms: 5000,
            snapshot_max_age_ms: 1000,
            compress_threshold: 1024,
            compress_level: 3,
            log_keep: 100_000,
            sweep_interval_ms: 1000,
            read_only: false,
            must_exist: false,
            archive_keep: 8,
            archive_compress: false,
        }
    }
}

impl Options {
    /// Refuses what no store can be opened with.
    pub(super) fn check(&self) -> Result<()> {
        if self.mode == Mode::Behind && self.read_only {
            return Err(Error::invalid("mode=behind is for writing, and read_only was asked for too"));
        }
        if !(self.compress_level == -1 || (1..=19).contains(&self.compress_level)) {
            return Err(Error::invalid(format!("compress_level is {}: 1 to 19, or -1", self.compress_level)));
        }
        let positive = [
            ("behind_bytes", self.behind_bytes),
            ("flush_interval_ms", self.flush_interval_ms.into()),
            ("cache_bytes", self.cache_bytes),
            ("snapshot_max_age_ms", self.snapshot_max_age_ms.into()),
            ("log_keep", self.log_keep),
            ("sweep_interval_ms", self.sweep_interval_ms.into()),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(Error::invalid(format!("{name} is 0: at least 1"))),
            None => Ok(()),
        }
    }

    /// Sets an option by its name, as URLs and TOML files do.
    fn set(&mut self, name: &str, text: &str) -> Result<()> {
        match name {
            "durability" => {
                self.durability = match text {
                    "power" => Durability::Power,
                    "process" => Durability::Process,
                    _ => return Err(bad(name, text, "power or process")),
                }
            }
            "mode" => {
                self.mode = match text {
                    "through" => Mode::Through,
                    "behind" => Mode::Behind,
                    _ => return Err(bad(name, text, "through or behind")),
                }
            }
            "behind_bytes" => self.behind_bytes = number(name, text)?,
            "behind_mb" => self.behind_bytes = mebibytes(name, text)?,
            "flush_interval_ms" => self.flush_interval_ms = number(name, text)?,
            "cache_bytes" => self.cache_bytes = number(name, text)?,
            "cache_mb" => self.cache_bytes = mebibytes(name, text)?,
            "busy_timeout_ms" => self.busy_timeout_ms = number(name, text)?,
            "snapshot_max_age_ms" => self.snapshot_max_age_ms = number(name, text)?,
            "compress_threshold" => self.compress_threshold = number(name, text)?,
            "compress_level" => self.compress_level = number(name, text)?,
            "log_keep" => self.log_keep = number(name, text)?,
            "sweep_interval_ms" => self.sweep_interval_ms = number(name, text)?,
            "read_only" => self.read_only = boolean(name, text)?,
            "archive_keep" => self.archive_keep = number(name, text)?,
            "archive_compress" => self.archive_compress = boolean(name, text)?,
            "must_exist" => self.must_exist = boolean(name, text)?,
            _ => return Err(Error::invalid(format!("unknown option `{name}`"))),
        }
        Ok(())
    }
}

fn bad(name: &str, text: &str, wanted: &str) -> Error {
    Error::invalid(format!("option {name}=`{text}`: wanted {wanted}"))
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| bad(name, text, "a whole number in range"))
}

fn mebibytes(name: &str, text: &str) -> Result<u64> {
    number::<u64>(name, text)?.checked_mul(1 << 20).ok_or_else(|| bad(name, text, "a smaller number"))
}

fn boolean(name: &str, text: &str) -> Result<bool> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(bad(name, text, "true or false")),
    }
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In this process only.
    Memory,
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// In a folder of LevelDB.
    LevelDb(PathBuf),
    /// In a folder of JSON Lines.
    Jsonl(PathBuf),
}

impl Location {
    /// The file or directory, where there is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Sqlite(path) | Self::LevelDb(path) | Self::Jsonl(path) => Some(path),
        }
    }

    /// The same kind of place elsewhere.
    pub(crate) fn moved_to(&self, path: PathBuf) -> Self {
        match self {
            Self::Memory => Self::Memory,
            Self::Sqlite(_) => Self::Sqlite(path),
            Self::LevelDb(_) => Self::LevelDb(path),
            Self::Jsonl(_) => Self::Jsonl(path),
        }
    }
}

impl std::fmt::Display for Location {
    /// As in a URL, without its escapes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::LevelDb(path) => write!(f, "leveldb:{}", path.display()),
            Self::Jsonl(path) => write!(f, "jsonl:{}", path.display()),
        }
    }
}

/// Where a store is and how it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the data is.
    pub location: Location,
    /// How it is opened.
    pub options: Options,
}

impl Config {
    /// Reads a path ("game.db", taken as it is) or a URL ("sqlite:game.db?cache_mb=64&durability=power",
    /// "jsonl:data/game", "memory:"), whose query sets options by name over those given.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown scheme, an unknown option or a malformed value, named in the message.
    pub fn from_url(url: &str, mut options: Options) -> Result<Self> {
        let Some((scheme, rest)) = split_scheme(url) else {
            return Ok(Self { location: Location::Sqlite(checked_path(url)?), options });
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, text) = pair.split_once('=').unwrap_or((pair, "true"));
            options.set(&decoded(name)?, &decoded(text)?)?;
        }
        let path = decoded(path)?;
        let location = match scheme {
            "sqlite" => Location::Sqlite(checked_path(path.strip_prefix("//").unwrap_or(&path))?),
            "leveldb" => Location::LevelDb(checked_path(path.strip_prefix("//").unwrap_or(&path))?),
            "jsonl" => Location::Jsonl(checked_path(path.strip_prefix("//").unwrap_or(&path))?),
            "memory" if path.is_empty() => Location::Memory,
            "memory" => return Err(Error::invalid(format!("memory: takes no path, not `{path}`"))),
            other => {
                return Err(Error::invalid(format!(
                    "unknown engine `{other}:`: sqlite:, leveldb:, jsonl: or memory:"
                )));
            }
        };
        Ok(Self { location, options })
    }

    /// Reads a TOML file: `url`, and any option by its name. A relative path is relative to the file.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Io`] when it cannot be read; [`Kind::Invalid`] as [`Config::from_url`].
    pub fn from_toml_file(path: &str) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Io };
            Error::new(kind, format!("{path}: {error}")).with_engine_code(error.raw_os_error().unwrap_or(0))
        })?;
        let directory = Path::new(path).parent().unwrap_or(Path::new(""));
        Self::from_toml(&text, directory)
            .map_err(|error| Error::new(error.kind(), format!("{path}: {error}")))
    }

    /// Reads the text of such a file; relative paths are relative to `directory`.
    ///
    /// # Errors
    /// As [`Config::from_url`].
    pub fn from_toml(text: &str, directory: &Path) -> Result<Self> {
        let table: toml::Table = toml::from_str(text).map_err(|error| Error::invalid(error.to_string()))?;
        let mut options = Options::default();
        let mut url = None;
        for (name, value) in &table {
            match (name.as_str(), value) {
                ("url", toml::Value::String(text)) => url = Some(text.clone()),
                (name, toml::Value::String(text)) => options.set(name, text)?,
                (name, toml::Value::Integer(number)) => options.set(name, &number.to_string())?,
                (name, toml::Value::Boolean(flag)) => options.set(name, &flag.to_string())?,
                (name, value) => {
                    return Err(Error::invalid(format!("option {name} is of type {}", value.type_str())));
                }
            }
        }
        let url = url.ok_or_else(|| Error::invalid("`url` is missing"))?;
        let mut config = Self::from_url(&url, options)?;
        if let Location::Sqlite(path) | Location::LevelDb(path) | Location::Jsonl(path) = &mut config.location
        {
            *path = directory.join(&*path);
        }
        Ok(config)
    }
}

/// The scheme of a URL. A single letter before the colon is a drive of Windows.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    (scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_lowercase())).then_some((scheme, rest))
}

fn decoded(text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| Error::invalid("the URL does not decode to UTF-8"))
}

fn checked_path(path: &str) -> Result<PathBuf> {
    match path {
        "" => Err(Error::invalid("the path of the database is empty")),
        path if path.contains('\0') => Err(Error::invalid("the path of the database contains NUL")),
        path => Ok(path.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Config> {
        Config::from_url(url, Options::default())
    }

    #[test]
    fn paths_and_urls() {
        let path = |url| parse(url).unwrap().location;
        assert_eq!(path("game.db"), Location::Sqlite("game.db".into()));
        assert_eq!(path("a?b=c.db"), Location::Sqlite("a?b=c.db".into()));
        assert_eq!(path(r"C:\games\game.db"), Location::Sqlite(r"C:\games\game.db".into()));
        assert_eq!(path("sqlite:game%3f.db?cache_mb=1"), Location::Sqlite("game?.db".into()));
        assert_eq!(path("sqlite:///var/game.db"), Location::Sqlite("/var/game.db".into()));
        assert_eq!(path("jsonl:data/game?archive_keep=0"), Location::Jsonl("data/game".into()));
        assert_eq!(path("leveldb:game"), Location::LevelDb("game".into()));
        assert_eq!(path("leveldb:///var/game"), Location::LevelDb("/var/game".into()));
        assert_eq!(path("memory:"), Location::Memory);
    }

    #[test]
    fn a_query_sets_options_by_name() {
        let options = parse("sqlite:x?cache_mb=2&durability=power&read_only&log_keep=7").unwrap().options;
        assert_eq!(options.cache_bytes, 2 << 20);
        assert_eq!(options.durability, Durability::Power);
        assert!(options.read_only);
        assert_eq!(options.log_keep, 7);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (url, named) in [
            ("sqlite:x?cash_mb=2", "cash_mb"),
            ("sqlite:x?cache_mb=lots", "cache_mb"),
            ("sqlite:x?durability=maybe", "durability"),
            ("redis:x", "redis"),
            ("memory:x", "memory"),
            ("", "empty"),
            ("sqlite:", "empty"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{url}");
            assert!(error.message().contains(named), "{url}: {error}");
        }
    }

    #[test]
    fn toml_sets_the_same_options() {
        let text = "url = 'sqlite:game.db?log_keep=9'\ncache_mb = 3\nread_only = true\ndurability = 'power'";
        let config = Config::from_toml(text, Path::new("conf")).unwrap();
        assert_eq!(config.location, Location::Sqlite("conf/game.db".into()));
        assert_eq!((config.options.cache_bytes, config.options.log_keep), (3 << 20, 9));
        assert!(config.options.read_only);
        let error = Config::from_toml("url = 'memory:'\nspeed = 11", Path::new("")).unwrap_err();
        assert!(error.message().contains("speed"));
        assert!(Config::from_toml("cache_mb = 1", Path::new("")).unwrap_err().message().contains("url"));
    }

    #[test]
    fn write_behind_has_options_of_its_own() {
        let options = parse("sqlite:x?mode=behind&behind_mb=2&flush_interval_ms=7").unwrap().options;
        assert_eq!((options.mode, options.durability), (Mode::Behind, Durability::Process));
        assert_eq!((options.behind_bytes, options.flush_interval_ms), (2 << 20, 7));
        let error = parse("sqlite:x?mode=behind&read_only").unwrap().options.check().unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
    }
}
