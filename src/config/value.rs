//! Values as the file, the environment and flags give them, and how a setting reads its own.

/// A value before its setting has looked at it. The environment and flags give `Text` only.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Given>),
    /// In the order of the file.
    Map(Vec<(String, Given)>),
}

/// A type that a setting can have.
pub trait Value: Sized {
    /// Reads a value, or says in a few words what was expected (`a whole number from 1 to 65535`).
    fn read(given: &Given) -> Result<Self, String>;

    /// As it would be written in `parity.yaml`, on one line.
    fn show(&self) -> String;
}

/// A switch with a third position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOffAuto {
    On,
    Off,
    Auto,
}

fn text(given: &Given) -> Option<String> {
    match given {
        Given::Text(text) => Some(text.clone()),
        Given::Int(number) => Some(number.to_string()),
        Given::Float(number) => Some(number.to_string()),
        Given::Bool(flag) => Some(flag.to_string()),
        Given::Null | Given::List(_) | Given::Map(_) => None,
    }
}

macro_rules! whole_number {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn read(given: &Given) -> Result<Self, String> {
                text(given)
                    .and_then(|text| text.trim().parse().ok())
                    .ok_or_else(|| format!("a whole number from 0 to {}", <$type>::MAX))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole_number!(u16, u32, u64);

impl Value for bool {
    fn read(given: &Given) -> Result<Self, String> {
        match text(given).as_deref() {
            Some("true" | "on" | "yes" | "1") => Ok(true),
            Some("false" | "off" | "no" | "0") => Ok(false),
            _ => Err("true or false".into()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for OnOffAuto {
    fn read(given: &Given) -> Result<Self, String> {
        match text(given).map(|text| text.to_ascii_lowercase()).as_deref() {
            Some("on" | "true") => Ok(Self::On),
            Some("off" | "false") => Ok(Self::Off),
            Some("auto") => Ok(Self::Auto),
            _ => Err("on, off or auto".into()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::On => "on".into(),
            Self::Off => "off".into(),
            Self::Auto => "auto".into(),
        }
    }
}

impl Value for String {
    fn read(given: &Given) -> Result<Self, String> {
        text(given).ok_or_else(|| "one line of text".into())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl<T: Value> Value for Option<T> {
    fn read(given: &Given) -> Result<Self, String> {
        if *given == Given::Null { Ok(None) } else { T::read(given).map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "unset".into(), Value::show)
    }
}

impl Value for Vec<String> {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::Null => Ok(Vec::new()),
            Given::List(items) => items.iter().map(String::read).collect(),
            _ => text(given).map(|one| vec![one]).ok_or_else(|| "a list of texts".into()),
        }
    }

    fn show(&self) -> String {
        format!("[{}]", self.join(", "))
    }
}

impl Value for Vec<(String, String)> {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::Null => Ok(Vec::new()),
            Given::Map(pairs) => pairs.iter().map(|(key, value)| Ok((key.clone(), String::read(value)?))).collect(),
            _ => Err("pairs, as `{key: value}`".into()),
        }
    }

    fn show(&self) -> String {
        let pairs: Vec<_> = self.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("{{{}}}", pairs.join(", "))
    }
}
