//! How a table's schema may change, and what that does to its rows. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schema::{Column, Columns, Schema};
use super::types::Type;
use crate::error::{Error, Kind, Result};

/// What a change of columns does to a row; doing it to a row written after the change does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    /// A row that lacks the column has this there.
    Fill(String, Value),
    /// The column has another name.
    Rename(String, String),
    /// Its values are those of a wider type.
    Widen(String, Type),
    /// There is no such column any more.
    Drop(String),
    /// The values under this number need not be unique any more; nothing of rows.
    Release(u32),
}

impl Step {
    /// The columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let (one, other) = match self {
            Self::Fill(column, _) | Self::Widen(column, _) | Self::Drop(column) => (Some(column), None),
            Self::Rename(from, to) => (Some(from), Some(to)),
            Self::Release(_) => (None, None),
        };
        one.into_iter().chain(other).map(String::as_str)
    }

    pub fn apply(&self, row: &mut Map<String, Value>) -> Result<()> {
        match self {
            Self::Fill(column, value) => {
                row.entry(column).or_insert_with(|| value.clone());
            }
            Self::Rename(from, to) => {
                if let Some(value) = row.remove(from) {
                    row.entry(to).or_insert(value);
                }
            }
            Self::Widen(column, kind) => {
                if let Some(value) = row.get_mut(column).filter(|value| !value.is_null()) {
                    *value = kind.take(value.take())?;
                }
            }
            Self::Drop(column) => {
                row.remove(column);
            }
            Self::Release(_) => {}
        }
        Ok(())
    }
}

/// How one schema becomes another.
#[derive(Debug)]
pub(super) struct Change {
    /// The schema after it, with its steps pending.
    pub schema: Schema,
    /// The columns that it loses.
    pub lost: Vec<String>,
}

impl Schema {
    /// How this schema, which a table has, becomes the `wanted` one; None when they say the same.
    ///
    /// # Errors
    /// [`Kind::Exists`] with every difference that rows cannot follow.
    pub(super) fn change(&self, wanted: &Self) -> Result<Option<Change>> {
        let (mut steps, mut refused, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let mut columns = Vec::new();
        for (name, new) in &wanted.columns.0 {
            let source = self.source(name, new, wanted);
            let mut column = Column { slot: 0, ..new.clone() };
            match source {
                None => {
                    refused.extend(
                        cannot_be_added(new).map(|why| format!("column {name} is not stored: {why}")),
                    );
                    steps.push(Step::Fill(name.clone(), new.absent()));
                }
                Some((from, old)) => {
                    kept.push(from);
                    if from != name {
                        steps.push(Step::Rename(from.to_owned(), name.clone()));
                    }
                    if old.kind != new.kind {
                        steps.push(Step::Widen(name.clone(), new.kind));
                    }
                    if old.slot != 0 && !new.unique {
                        steps.push(Step::Release(old.slot));
                    }
                    refused.extend(differences(old, new).map(|why| format!("column {name} {why}")));
                    column.slot = if new.unique { old.slot } else { 0 };
                }
            }
            columns.push((name.clone(), column));
        }
        let mut lost = Vec::new();
        for (name, old) in self.columns.0.iter().filter(|(name, _)| !kept.contains(&name.as_str())) {
            if old.primary_key {
                refused.push(format!("column {name}, the primary key, is missing"));
            }
            steps.push(Step::Drop(name.clone()));
            steps.extend((old.slot != 0).then_some(Step::Release(old.slot)));
            lost.push(name.clone());
        }
        if !refused.is_empty() {
            return Err(self.disagrees(&refused));
        }
        let mut schema = Self { columns: Columns(columns), pending: steps, ..self.clone() };
        let last = self.columns.0.iter().map(|(_, column)| column.slot).max().unwrap_or(0);
        schema.number(last);
        if schema.columns == self.columns {
            return Ok(None);
        }
        schema.version += 1;
        Ok(Some(Change { schema, lost }))
    }

    /// The column that one of another schema is, by its name or by the one it had before.
    fn source<'s>(&'s self, name: &str, column: &Column, wanted: &Self) -> Option<(&'s str, &'s Column)> {
        let named = |name: &str| self.columns.0.iter().find(|(known, _)| known == name);
        // A name that a column still has is not the former one of another.
        let former = column.formerly.as_deref().filter(|former| wanted.column(former).is_none());
        let found = named(name).or_else(|| named(former?));
        found.map(|(name, column)| (name.as_str(), column))
    }

    /// The error that tells how a schema differs from the one that a table has.
    pub(super) fn disagrees(&self, differences: &[String]) -> Error {
        let text = format!("table {} has another schema: {}", self.table_name, differences.join("; "));
        Error::new(Kind::Exists, text)
    }
}

/// Why rows that lack a column cannot have it.
fn cannot_be_added(new: &Column) -> Option<&'static str> {
    match () {
        () if new.primary_key => Some("the primary key cannot change"),
        () if !new.nullable && new.default.is_none() => Some("rows need a default, or it must be nullable"),
        () if new.unique && new.default.is_some() => Some("rows would share its default, and it is unique"),
        () => None,
    }
}

/// What about a column cannot become so.
fn differences(old: &Column, new: &Column) -> impl Iterator<Item = String> {
    let kept = old.primary_key || old.unique || new.unique;
    let kind = old.kind != new.kind && (kept || !old.kind.widens_to(new.kind));
    let wanted =
        |is: bool, what: &str| if is { format!("is {what} here") } else { format!("is not {what} here") };
    [
        kind.then(|| format!("is {} here, {} stored", new.kind, old.kind)),
        (old.primary_key != new.primary_key).then(|| wanted(new.primary_key, "the primary key")),
        (old.nullable && !new.nullable && !new.primary_key).then(|| wanted(false, "nullable")),
        (new.unique && !old.unique && !new.primary_key).then(|| wanted(true, "unique")),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(columns: Value) -> Schema {
        Schema::from_json(&json!({"table_name": "t", "schema": columns}).to_string()).unwrap()
    }

    fn steps(old: Value, new: Value) -> Vec<Step> {
        schema(old).change(&schema(new)).unwrap().map_or_else(Vec::new, |change| change.schema.pending)
    }

    fn refusal(old: Value, new: Value) -> String {
        let error = schema(old).change(&schema(new)).unwrap_err();
        assert_eq!(error.kind(), Kind::Exists);
        error.message().to_owned()
    }

    #[test]
    fn what_rows_can_follow_is_allowed() {
        let old = json!({"id": {"type": "int", "primary_key": true}, "n": {"type": "int", "unique": true}});
        assert_eq!(steps(old.clone(), old.clone()), []);
        assert_eq!(
            steps(
                old.clone(),
                json!({"id": {"type": "int", "primary_key": true}, "m": {"type": "int", "formerly": "n"},
                "x": {"type": "str", "nullable": false, "default": "?"}})
            ),
            [Step::Rename("n".into(), "m".into()), Step::Release(1), Step::Fill("x".into(), json!("?")),]
        );
        assert_eq!(
            steps(old, json!({"id": {"type": "int", "primary_key": true}})),
            [Step::Drop("n".into()), Step::Release(1)]
        );
        // A name that is still there was not renamed.
        let both = json!({"n": {"type": "int"}, "m": {"type": "int", "formerly": "n"}});
        assert_eq!(steps(json!({"n": {"type": "int"}}), both), [Step::Fill("m".into(), Value::Null)]);
        let widened = steps(json!({"n": {"type": "int"}}), json!({"n": {"type": "float", "default": 1}}));
        assert_eq!(widened, [Step::Widen("n".into(), Type::Float)]);
    }

    #[test]
    fn what_rows_cannot_follow_is_told() {
        let old = json!({"id": {"type": "int", "primary_key": true}, "n": {"type": "float"}});
        let new = json!({"n": {"type": "int", "unique": true, "nullable": false}, "m": {"type": "int", "nullable": false}});
        let text = refusal(old, new);
        for part in [
            "column n is int here, float stored",
            "column n is not nullable here",
            "column n is unique here",
            "column m is not stored: rows need a default",
            "column id, the primary key, is missing",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_step_done_twice_is_done_once() {
        let steps = [
            Step::Rename("a".into(), "b".into()),
            Step::Fill("c".into(), json!(1)),
            Step::Widen("b".into(), Type::Float),
            Step::Drop("d".into()),
        ];
        let mut row = json!({"a": 2, "d": 4}).as_object().unwrap().clone();
        for _ in 0..2 {
            steps.iter().for_each(|step| step.apply(&mut row).unwrap());
            assert_eq!(Value::Object(row.clone()), json!({"b": 2.0, "c": 1}));
        }
    }
}
