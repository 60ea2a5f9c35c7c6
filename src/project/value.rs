//! What an expression of a settings file comes to, as far as that can be told without running code and with an empty
//! environment: `os.environ.get("X", "default")` is its default.

use std::cell::Cell;

use super::python::Expr;
use crate::units::layout;

mod calls;

/// A value, or that it cannot be told. Paths are those inside the container, where the project is at [`layout::APP`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Str(String),
    /// A `pathlib.Path`, absolute or not.
    Path(String),
    List(Vec<Value>),
    /// A dictionary's pairs whose keys are texts.
    Map(Vec<(String, Value)>),
    /// A class, with its attributes and those that it inherits.
    Class(Vec<Member>),
    /// Something imported or built in, by its full name: `os.path.join`.
    Import(String),
    /// A method of a value, before it is called.
    Method(Box<Value>, String),
    /// A reader of environment variables with the defaults it was made with: `environ.Env(DEBUG=(bool, False))`.
    Env(Vec<(String, Value)>),
    Unknown,
}

/// An attribute of a class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub name: String,
    pub value: Value,
    /// `mysite/settings.py:70`
    pub place: String,
    pub from_environment: bool,
}

/// Doubling a string sixty times takes sixty lines; beyond this no value is of interest.
const MAX_WEIGHT: usize = 1 << 16;

impl Value {
    /// The text of a string or a path.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Str(text) | Value::Path(text) => Some(text),
            _ => None,
        }
    }

    /// Python's truth, where it can be told.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::None => Some(false),
            Value::Bool(flag) => Some(*flag),
            Value::Int(number) => Some(*number != 0),
            Value::Str(text) => Some(!text.is_empty()),
            Value::Path(_) => Some(true),
            Value::List(items) => Some(!items.is_empty()),
            Value::Map(pairs) if !pairs.is_empty() => Some(true),
            // What was unpacked into it is not known.
            Value::Class(_) | Value::Map(_) | Value::Import(_) | Value::Method(..) | Value::Env(_) | Value::Unknown => None,
        }
    }

    /// The value of a dictionary's key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().rfind(|(known, _)| known == key).map(|(_, value)| value)
    }

    fn weight(&self) -> usize {
        1 + match self {
            Value::Str(text) | Value::Path(text) | Value::Import(text) => text.len(),
            Value::List(items) => items.iter().map(Value::weight).sum(),
            Value::Method(value, _) => value.weight(),
            Value::Class(members) => members.iter().map(|member| 1 + member.value.weight()).sum(),
            Value::Env(defaults) | Value::Map(defaults) => defaults.iter().map(|(_, value)| 1 + value.weight()).sum(),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Unknown => 0,
        }
    }

    pub fn bounded(self) -> Self {
        if self.weight() > MAX_WEIGHT { Value::Unknown } else { self }
    }
}

/// `self + other` of Python.
pub(super) fn add(left: Value, right: Value) -> Value {
    let sum = match (left, right) {
        (Value::Str(a), Value::Str(b)) => Value::Str(a + &b),
        (Value::List(mut a), Value::List(b)) => {
            a.extend(b);
            Value::List(a)
        }
        // What is known of a list stays known.
        (Value::List(mut known), Value::Unknown) | (Value::Unknown, Value::List(mut known)) => {
            known.push(Value::Unknown);
            Value::List(known)
        }
        _ => Value::Unknown,
    };
    sum.bounded()
}

/// Evaluates expressions over names that are looked up elsewhere.
pub(super) struct Evaluator<'a> {
    lookup: &'a dyn Fn(&str) -> Option<Value>,
    /// The variables that are known to be set.
    environment: &'a dyn Fn(&str) -> Option<Value>,
    /// `sys.argv`; empty: not known.
    argv: &'a [&'a str],
    /// Did the value depend on the environment?
    pub from_environment: Cell<bool>,
}

impl<'a> Evaluator<'a> {
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<Value>, environment: &'a dyn Fn(&str) -> Option<Value>) -> Self {
        Self { lookup, environment, argv: &[], from_environment: Cell::new(false) }
    }

    /// The program's arguments are known.
    pub fn with_arguments(self, argv: &'a [&'a str]) -> Self {
        Self { argv, ..self }
    }

    /// A variable of the environment.
    fn variable(&self, name: Option<&str>) -> Option<Value> {
        self.from_environment.set(true);
        (self.environment)(name?)
    }

    /// The expression's value. The parser has bounded how deep expressions are.
    pub fn eval(&self, expr: &Expr) -> Value {
        match self.plain(expr) {
            Value::Import(name) if name == "sys.argv" && !self.argv.is_empty() => {
                Value::List(self.argv.iter().map(|argument| Value::Str((*argument).to_owned())).collect())
            }
            value => value,
        }
    }

    fn plain(&self, expr: &Expr) -> Value {
        match expr {
            Expr::Str(text) => Value::Str(text.clone()),
            Expr::Bool(flag) => Value::Bool(*flag),
            Expr::Int(number) => Value::Int(*number),
            Expr::None => Value::None,
            Expr::Name(name) => (self.lookup)(name).unwrap_or_else(|| Value::Import(name.clone())),
            Expr::Format(pieces) => self.format(pieces),
            Expr::List(items) => self.all(items).map_or(Value::Unknown, Value::List),
            Expr::Dict(pairs) => self.map(pairs),
            Expr::Attribute(base, name) => calls::attribute(self.eval(base), name),
            Expr::Subscript(base, key) => self.subscript(base, key),
            Expr::Binary(left, operator, right) => self.binary(left, operator, right),
            Expr::Not(inner) => self.eval(inner).truth().map_or(Value::Unknown, |truth| Value::Bool(!truth)),
            Expr::Ternary { test, then, otherwise } => match self.eval(test).truth() {
                Some(true) => self.eval(then),
                Some(false) => self.eval(otherwise),
                None => Value::Unknown,
            },
            Expr::Call { function, args, keywords } => {
                let function = self.eval(function);
                let keyword_values: Vec<Expr> = keywords.iter().map(|(_, value)| value.clone()).collect();
                match (self.all(args), self.all(&keyword_values)) {
                    (Some(args), Some(values)) => {
                        let keywords = keywords.iter().map(|(name, _)| name.clone()).zip(values).collect();
                        self.call(function, calls::Arguments { args, keywords }).bounded()
                    }
                    _ => Value::Unknown,
                }
            }
            Expr::Other => Value::Unknown,
        }
    }

    /// All values, or `None` if they are too much together.
    fn all(&self, items: &[Expr]) -> Option<Vec<Value>> {
        let mut weight = 0;
        let mut values = Vec::with_capacity(items.len().min(64));
        for item in items {
            let value = self.eval(item);
            weight += value.weight();
            if weight > MAX_WEIGHT {
                return None;
            }
            values.push(value);
        }
        Some(values)
    }

    fn map(&self, pairs: &[(Expr, Expr)]) -> Value {
        let (keys, values): (Vec<Expr>, Vec<Expr>) = pairs.iter().cloned().unzip();
        match (self.all(&keys), self.all(&values)) {
            (Some(keys), Some(values)) => {
                let pair = |(key, value): (Value, Value)| Some((key.text()?.to_owned(), value));
                Value::Map(keys.into_iter().zip(values).filter_map(pair).collect()).bounded()
            }
            _ => Value::Unknown,
        }
    }

    fn format(&self, pieces: &[Expr]) -> Value {
        let Some(values) = self.all(pieces) else { return Value::Unknown };
        let texts: Option<Vec<String>> = values.iter().map(calls::to_text).collect();
        texts.map_or(Value::Unknown, |texts| Value::Str(texts.concat()))
    }

    fn subscript(&self, base: &Expr, key: &Expr) -> Value {
        match (self.eval(base), self.eval(key)) {
            (Value::Import(name), key) if name == "os.environ" => self.variable(key.text()).unwrap_or(Value::Unknown),
            (map @ Value::Map(_), Value::Str(key)) => map.get(&key).cloned().unwrap_or(Value::Unknown),
            (Value::List(items), Value::Int(index)) => {
                usize::try_from(index).ok().and_then(|index| items.into_iter().nth(index)).unwrap_or(Value::Unknown)
            }
            // `path.parents[1]`
            (Value::Method(path, name), Value::Int(index)) if name == "parents" => match (*path, usize::try_from(index)) {
                (Value::Path(path), Ok(index)) if index < 64 => Value::Path((0..=index).fold(path, |path, _| calls::dirname(&path))),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn binary(&self, left: &Expr, operator: &str, right: &Expr) -> Value {
        let left = self.eval(left);
        if let "or" | "and" = operator {
            return match left.truth() {
                Some(truth) if truth == (operator == "or") => left,
                Some(_) => self.eval(right),
                None => Value::Unknown,
            };
        }
        let right = self.eval(right);
        match (left, operator, right) {
            (Value::Path(base), "/", right) => right.text().map_or(Value::Unknown, |name| Value::Path(calls::join_paths(&base, name))),
            (Value::Path(path), "-", Value::Int(up @ 0..64)) => Value::Path((0..up).fold(path, |path, _| calls::dirname(&path))),
            (left, "+", right) => add(left, right),
            (Value::Str(text), "%", right) => calls::percent(&text, right).map_or(Value::Unknown, Value::Str).bounded(),
            (Value::Int(left), "<", Value::Int(right)) => Value::Bool(left < right),
            (Value::Int(left), "<=", Value::Int(right)) => Value::Bool(left <= right),
            (Value::Int(left), ">", Value::Int(right)) => Value::Bool(left > right),
            (Value::Int(left), ">=", Value::Int(right)) => Value::Bool(left >= right),
            (Value::Str(part), "in" | "not in", Value::Str(whole)) => Value::Bool(whole.contains(&part) == (operator == "in")),
            (key, "in" | "not in", Value::Import(name)) if name == "os.environ" => {
                Value::Bool(self.variable(key.text()).is_some() == (operator == "in"))
            }
            (left, "in" | "not in", Value::List(items)) => {
                let found = items.contains(&left);
                let certain = !matches!(left, Value::Unknown) && (found || !items.contains(&Value::Unknown));
                if certain { Value::Bool(found == (operator == "in")) } else { Value::Unknown }
            }
            (left, "==" | "!=" | "is" | "is not", right) => {
                let plain = |value: &Value| value.truth().is_some() && !matches!(value, Value::List(_) | Value::Map(_));
                if plain(&left) && plain(&right) { Value::Bool((left == right) == matches!(operator, "==" | "is")) } else { Value::Unknown }
            }
            _ => Value::Unknown,
        }
    }
}

/// Where a path of the container is in the project; `None` if it is not in it.
pub(super) fn inside_project(path: &str) -> Option<String> {
    let path = calls::normalize(path);
    let inner = path.strip_prefix(layout::APP)?;
    (inner.is_empty() || inner.starts_with('/')).then(|| inner.trim_start_matches('/').to_owned())
}

/// The path of one of the project's files, as `__file__` has it in the container.
pub(super) fn in_container(file: &str) -> String {
    format!("{}/{file}", layout::APP)
}

/// Takes `.` and `..` out of an absolute path.
pub(super) fn normalize(path: &str) -> String {
    calls::normalize(path)
}

#[cfg(test)]
mod tests;
