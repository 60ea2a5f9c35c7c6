//! The functions and methods that settings files use to make paths and to read the environment.

use super::{Evaluator, Value};

/// Evaluated arguments of a call.
pub(super) struct Arguments {
    pub args: Vec<Value>,
    pub keywords: Vec<(String, Value)>,
}

impl Arguments {
    fn at(&self, index: usize) -> Option<&Value> {
        self.args.get(index)
    }

    fn text(&self, index: usize) -> Option<&str> {
        self.at(index)?.text()
    }

    fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(keyword, _)| keyword == name).map(|(_, value)| value)
    }
}

/// `base.name`
pub(super) fn attribute(base: Value, name: &str) -> Value {
    match base {
        Value::Import(module) => Value::Import(format!("{module}.{name}")),
        Value::Path(path) => match name {
            "parent" => Value::Path(dirname(&path)),
            "name" => Value::Str(path.rsplit('/').next().unwrap_or_default().to_owned()),
            _ => Value::Method(Box::new(Value::Path(path)), name.to_owned()),
        },
        Value::Class(members) => members.into_iter().find(|member| member.name == name).map_or(Value::Unknown, |member| member.value),
        Value::Str(_) | Value::List(_) | Value::Map(_) | Value::Env(_) => Value::Method(Box::new(base), name.to_owned()),
        _ => Value::Unknown,
    }
}

impl Evaluator<'_> {
    pub(super) fn call(&self, function: Value, given: Arguments) -> Value {
        match function {
            Value::Import(name) => self.call_named(&name, &given).unwrap_or(Value::Unknown),
            Value::Method(value, name) => match *value {
                Value::Path(path) => path_method(&path, &name, &given).unwrap_or(Value::Unknown),
                Value::Str(text) => text_method(&text, &name, &given).unwrap_or(Value::Unknown),
                Value::Env(defaults) => self.read_env(&defaults, Some(&name), &given),
                // A pair that was unpacked into it may have any key.
                map @ Value::Map(_) if name == "get" => {
                    given.text(0).and_then(|key| map.get(key).or(given.at(1)).cloned()).unwrap_or(Value::Unknown)
                }
                _ => Value::Unknown,
            },
            Value::Env(defaults) => self.read_env(&defaults, None, &given),
            // django-environ: `ROOT_DIR("static")` is a text.
            Value::Path(base) => join_all(&base, &given.args).map_or(Value::Unknown, Value::Str),
            _ => Value::Unknown,
        }
    }

    fn call_named(&self, name: &str, given: &Arguments) -> Option<Value> {
        // `from os import path` and `from posixpath import join` mean the same functions.
        let name = name.strip_prefix("posixpath.").map_or(name.to_owned(), |function| format!("os.path.{function}"));
        Some(match name.as_str() {
            "os.path.join" => Value::Str(join_all(given.text(0)?, given.args.get(1..)?)?),
            "os.path.dirname" => Value::Str(dirname(given.text(0)?)),
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" => Value::Str(normalize(given.text(0)?)),
            "os.path.basename" => Value::Str(given.text(0)?.rsplit('/').next()?.to_owned()),
            "str" | "os.fspath" | "django.utils.translation.gettext_lazy" => Value::Str(to_text(given.at(0)?)?),
            "int" => match given.at(0)? {
                Value::Int(number) => Value::Int(*number),
                Value::Bool(flag) => Value::Int(i64::from(*flag)),
                other => Value::Int(other.text()?.trim().parse().ok()?),
            },
            "bool" => Value::Bool(given.at(0)?.truth()?),
            "len" => match given.at(0)? {
                Value::List(items) => Value::Int(items.len().try_into().ok()?),
                _ => return None,
            },
            "list" | "tuple" => match given.at(0) {
                None => Value::List(Vec::new()),
                Some(Value::List(items)) => Value::List(items.clone()),
                Some(_) => Value::Unknown,
            },
            "pathlib.Path" | "pathlib.PurePath" | "environ.Path" | "unipath.Path" | "path.Path" => {
                Value::Path(join_all(given.text(0)?, given.args.get(1..)?)?)
            }
            "environ.Env" | "environs.Env" | "environ.FileAwareEnv" => Value::Env(given.keywords.iter().map(scheme).collect()),
            "os.environ.get" | "os.getenv" => {
                let known = self.variable(given.text(0));
                known.or_else(|| given.at(1).or(given.keyword("default")).cloned()).unwrap_or(Value::None)
            }
            // An address of a database, as a text.
            "dj_database_url.config" | "dj_database_url.parse" => {
                self.from_environment.set(true);
                given.keyword("default").or(given.at(0)).cloned()?
            }
            "decouple.config" => {
                if let Some(known) = self.variable(given.text(0)) {
                    return Some(cast(known, given.keyword("cast")));
                }
                let default = given.at(1).or(given.keyword("default"))?.clone();
                cast(default, given.keyword("cast"))
            }
            // Given to `cast=`; the cast of its default is done there.
            "decouple.Csv" => Value::Import("list".into()),
            _ => return None,
        })
    }

    /// `env("NAME", default=…)`, `env.bool("NAME", …)` of django-environ and environs.
    fn read_env(&self, defaults: &[(String, Value)], method: Option<&str>, given: &Arguments) -> Value {
        if self.variable(given.text(0)).is_some() {
            return Value::Unknown;
        }
        let declared = || defaults.iter().find(|(name, _)| given.text(0) == Some(name)).map(|(_, value)| value);
        // The second argument of `env()` itself is a cast.
        let positional = method.and_then(|_| given.at(1));
        let Some(default) = given.keyword("default").or(positional).or_else(declared).cloned() else { return Value::Unknown };
        match (method, default) {
            (Some("path"), Value::Str(path)) => Value::Path(path),
            (Some(method @ ("bool" | "list" | "int")), default) => cast(default, Some(&Value::Import(method.to_owned()))),
            (_, default) => default,
        }
    }
}

/// `DEBUG=(bool, False)` declares a default, `DEBUG=bool` none.
fn scheme((name, value): &(String, Value)) -> (String, Value) {
    let default = match value {
        Value::List(pair) if pair.len() == 2 => pair[1].clone(),
        _ => Value::Unknown,
    };
    (name.clone(), default)
}

/// A default given as text, read as the environment's text would be.
fn cast(value: Value, to: Option<&Value>) -> Value {
    let Some(Value::Import(to)) = to else { return if to.is_none() { value } else { Value::Unknown } };
    match (to.as_str(), value) {
        ("bool", Value::Str(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" | "y" | "t" => Value::Bool(true),
            "false" | "no" | "off" | "0" | "n" | "f" | "" => Value::Bool(false),
            _ => Value::Unknown,
        },
        ("bool", Value::Int(number)) => Value::Bool(number != 0),
        ("int", Value::Str(text)) => text.parse().map_or(Value::Unknown, Value::Int),
        ("list", Value::Str(text)) => {
            Value::List(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| Value::Str(part.to_owned())).collect())
        }
        ("bool" | "int" | "list" | "str", value) => value,
        _ => Value::Unknown,
    }
}

fn path_method(path: &str, name: &str, given: &Arguments) -> Option<Value> {
    Some(match name {
        "resolve" | "absolute" => Value::Path(normalize(path)),
        "expanduser" => Value::Path(path.to_owned()),
        "joinpath" | "path" | "child" => Value::Path(join_all(path, &given.args)?),
        "ancestor" => match given.at(0)? {
            Value::Int(up @ 0..64) => Value::Path((0..*up).fold(path.to_owned(), |path, _| dirname(&path))),
            _ => return None,
        },
        "with_name" => Value::Path(join_paths(&dirname(path), given.text(0)?)),
        "as_posix" | "__str__" => Value::Str(path.to_owned()),
        _ => return None,
    })
}

fn text_method(text: &str, name: &str, given: &Arguments) -> Option<Value> {
    let list = |parts: Vec<&str>| Value::List(parts.into_iter().map(|part| Value::Str(part.to_owned())).collect());
    Some(match name {
        "split" => match given.text(0) {
            None if given.args.is_empty() => list(text.split_whitespace().collect()),
            Some(separator) if !separator.is_empty() => list(text.split(separator).collect()),
            _ => return None,
        },
        "strip" if given.args.is_empty() => Value::Str(text.trim().to_owned()),
        "rstrip" => Value::Str(text.trim_end_matches(given.text(0)?).to_owned()),
        "lower" => Value::Str(text.to_lowercase()),
        "upper" => Value::Str(text.to_uppercase()),
        "startswith" => Value::Bool(text.starts_with(given.text(0)?)),
        "endswith" => Value::Bool(text.ends_with(given.text(0)?)),
        "join" => match given.at(0)? {
            Value::List(items) => Value::Str(items.iter().map(Value::text).collect::<Option<Vec<_>>>()?.join(text)),
            _ => return None,
        },
        "format" => Value::Str(format(text, given)?),
        _ => return None,
    })
}

/// `text.format(…)`, for plain fields.
fn format(text: &str, given: &Arguments) -> Option<String> {
    let mut pieces = text.split('{');
    let mut formatted = pieces.next()?.to_owned();
    for (index, piece) in pieces.enumerate() {
        let (field, rest) = piece.split_once('}')?;
        let value = match field {
            "" => given.at(index),
            field => field.parse().ok().and_then(|index| given.at(index)).or_else(|| given.keyword(field)),
        };
        formatted.push_str(&to_text(value?)?);
        formatted.push_str(rest);
    }
    Some(formatted)
}

/// `text % values`, for `%s`.
pub(super) fn percent(text: &str, values: Value) -> Option<String> {
    let values = if let Value::List(values) = values { values } else { vec![values] };
    let mut pieces = text.split("%s");
    let mut formatted = pieces.next()?.to_owned();
    for value in values {
        formatted.push_str(&to_text(&value)?);
        formatted.push_str(pieces.next()?);
    }
    (pieces.next().is_none() && !text.replace("%s", "").contains('%')).then_some(formatted)
}

/// What `str()` makes of a value.
pub(super) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) | Value::Path(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

fn join_all(base: &str, parts: &[Value]) -> Option<String> {
    parts.iter().try_fold(base.to_owned(), |base, part| part.text().map(|part| join_paths(&base, part)))
}

/// `os.path.join` of two.
pub(super) fn join_paths(base: &str, name: &str) -> String {
    if name.starts_with('/') || base.is_empty() { name.to_owned() } else { format!("{}/{name}", base.trim_end_matches('/')) }
}

/// `os.path.dirname`, which keeps the root.
pub(super) fn dirname(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None => String::new(),
    }
}

/// `os.path.normpath`, without knowing what is a link.
pub(super) fn normalize(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
