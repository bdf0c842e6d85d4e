//! Search of titles and messages: reads them, the last changed session first, until enough is found or the budget is spent.

use serde::{Deserialize, Serialize};

use super::message::Message;
use super::raw::RawObject;
use super::session::{Session, Stored, page_limit};
use super::{Chats, MAX_PAGE, message_key, messages_prefix, order_prefix, ordered_session};
use crate::error::{Error, Result};
use crate::models::check_bytes;
use crate::models::document::{self, check_count};
use crate::store::{Scan, Transaction};

/// The most bytes of the words to search for.
pub const MAX_TEXT_BYTES: usize = 1024;
/// The most messages and titles that one call reads.
pub const MAX_BUDGET: usize = 1_000_000;
/// How many it reads when the caller does not say.
pub const DEFAULT_BUDGET: usize = 100_000;
/// Characters of an excerpt, and those of them before the first word.
const EXCERPT: (usize, usize) = (160, 40);

/// What to search for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchQuery {
    /// Words that all occur, in any case and order, also as parts of longer words.
    pub text: String,
    /// In sessions that were put away instead of the open ones.
    pub archived: bool,
    /// The most hits, up to [`MAX_PAGE`]; 0: [`DEFAULT_PAGE`](super::DEFAULT_PAGE).
    pub limit: usize,
    /// The most messages and titles to read, up to [`MAX_BUDGET`]; 0: [`DEFAULT_BUDGET`].
    pub budget: usize,
    /// The cursor of the answer before.
    pub after: Option<String>,
}

/// A title or message in which all words occur.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The id of its session.
    pub session: String,
    /// The title of its session.
    pub title: String,
    /// The number of the message; None: the title is meant.
    pub number: Option<u64>,
    /// The text around the first word.
    pub excerpt: String,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Hits {
    /// In the order of the sessions' last changes, then of the messages.
    pub hits: Vec<Hit>,
    /// How many titles and messages were read.
    pub examined: usize,
    /// Where to go on, when the limit or the budget ended the search; None: all was read. A session that is changed
    /// meanwhile moves to the front, where a search that goes on no longer looks.
    pub cursor: Option<String>,
}

/// Where a search is: at a session, after a message; 0: after its title.
struct Position {
    place: String,
    after: Option<u64>,
}

impl Position {
    fn parse(cursor: &str, prefix: &str) -> Result<Self> {
        let parsed = cursor.split_once(' ').and_then(|(number, place)| Some((number.parse().ok()?, place)));
        let parsed = parsed.filter(|(_, place)| place.starts_with(prefix));
        let (number, place) =
            parsed.ok_or_else(|| Error::invalid(format!("no cursor of a search: {cursor:?}")))?;
        Ok(Self { place: place.to_owned(), after: Some(number) })
    }

    fn cursor(&self) -> String {
        format!("{} {}", self.after.unwrap_or(0), self.place)
    }
}

struct Search {
    words: Vec<String>,
    limit: usize,
    budget: usize,
    found: Hits,
}

impl Chats<'_> {
    /// Searches titles, and the text of messages: their "text", or their "content" as text or as a list of parts with a
    /// "text".
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) without a word and for a cursor of something else;
    /// [`Kind::TooLarge`](crate::Kind::TooLarge); those of a read.
    pub fn search(&self, query: &SearchQuery) -> Result<Hits> {
        check_bytes("the text to search for", &query.text, MAX_TEXT_BYTES)?;
        check_count("the budget of a search", query.budget, MAX_BUDGET)?;
        let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() {
            return Err(Error::invalid("a search without a word"));
        }
        let mut search = Search {
            words,
            limit: page_limit(query.limit)?,
            budget: if query.budget == 0 { DEFAULT_BUDGET } else { query.budget },
            found: Hits { hits: Vec::new(), examined: 0, cursor: None },
        };
        let prefix = order_prefix(query.archived);
        let mut position = query.after.as_deref().map(|after| Position::parse(after, prefix)).transpose()?;
        loop {
            // From the place of the position on, if it is still there.
            let end = position.as_ref().map_or_else(|| end_of(prefix), |at| format!("{}\0", at.place));
            let scan = Scan::range(prefix.as_bytes(), end.as_bytes()).reverse(true).keys_only(true).limit(2);
            let page = self.scope.read(|txn| txn.peek(&scan))?;
            let mut places = page.rows.iter().map(|row| String::from_utf8_lossy(&row.key).into_owned());
            let next = match (places.next(), &position) {
                (Some(place), Some(at)) if place == at.place && at.after.is_some() => position.take(),
                (Some(place), Some(at)) if place == at.place => {
                    places.next().map(|place| Position { place, after: None })
                }
                (place, _) => place.map(|place| Position { place, after: None }),
            };
            let Some(mut at) = next else { return Ok(search.found) };
            while self.scope.read(|txn| search.step(txn, &mut at))? {
                if search.is_over() {
                    search.found.cursor = Some(at.cursor());
                    return Ok(search.found);
                }
            }
            position = Some(Position { after: None, ..at });
        }
    }
}

fn end_of(prefix: &str) -> String {
    format!("{};", prefix.trim_end_matches(':'))
}

impl Search {
    fn is_over(&self) -> bool {
        self.found.hits.len() >= self.limit || self.found.examined >= self.budget
    }

    /// Reads the title of a session, or some of its messages; whether there may be more.
    fn step(&mut self, txn: &mut Transaction, at: &mut Position) -> Result<bool> {
        let key = ordered_session(at.place.as_bytes())?;
        let Some(stored) = document::get::<Stored>(txn, &key)? else { return Ok(false) };
        let session = Session::from(stored);
        let Some(after) = at.after else {
            self.look(&session, None, &session.title);
            at.after = Some(0);
            return Ok(true);
        };
        let left = self.budget.saturating_sub(self.found.examined).clamp(1, MAX_PAGE);
        let (start, end) = (message_key(&key, after.saturating_add(1)), end_of(&messages_prefix(&key)));
        let page = txn.peek(&Scan::range(start.as_bytes(), end.as_bytes()).limit(left))?;
        for row in &page.rows {
            let Some(value) = &row.value else { continue };
            let message: Message = document::decode(&row.key, value)?;
            self.look(&session, Some(message.number), &text_of(&message.message));
            at.after = Some(message.number);
            if self.is_over() {
                return Ok(true);
            }
        }
        Ok(page.cursor.is_some())
    }

    fn look(&mut self, session: &Session, number: Option<u64>, text: &str) {
        self.found.examined += 1;
        let lower = text.to_lowercase();
        if self.words.iter().all(|word| lower.contains(word)) {
            let first = self.words.iter().filter_map(|word| lower.find(word.as_str())).min().unwrap_or(0);
            let before = lower.get(..first).map_or(0, |before| before.chars().count());
            let excerpt = text.chars().skip(before.saturating_sub(EXCERPT.1)).take(EXCERPT.0).collect();
            let (id, title) = (session.id.clone(), session.title.clone());
            self.found.hits.push(Hit { session: id, title, number, excerpt });
        }
    }
}

fn text_of(message: &RawObject) -> String {
    #[derive(Deserialize)]
    struct Part {
        #[serde(default)]
        text: String,
    }
    if let Some(text) = message.get::<String>("text").or_else(|| message.get("content")) {
        return text;
    }
    let parts: Vec<Part> = message.get("content").unwrap_or_default();
    parts.into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n")
}
