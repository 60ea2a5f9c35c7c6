//! Python source as far as this crate needs it: a small tree of statements and expressions.
//!
//! The parser tolerates errors and any version of the language; what it does not know becomes [`Expr::Other`] or is
//! left out. Code under `if __name__ == "__main__"` is apart: a server never runs it.

use std::collections::HashMap;

mod lower;

/// A parsed file.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Statements at module level, in order.
    pub statements: Vec<Statement>,
    /// What each name of the module was bound to last, also inside `if`, `try` and `with`.
    pub names: HashMap<String, Bound>,
    /// It has a syntax error.
    pub broken: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Counts from 1.
    pub line: usize,
    pub kind: StatementKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum StatementKind {
    /// `target = value`, with or without a type.
    Assign {
        target: String,
        value: Expr,
    },
    /// `target += value`
    Extend {
        target: String,
        value: Expr,
    },
    /// `base[key] = value`
    SetItem {
        base: Expr,
        key: Expr,
        value: Expr,
    },
    Import(Import),
    Function(Function),
    Class(Class),
    Expr(Expr),
    Return(Expr),
    If {
        test: Expr,
        body: Vec<Statement>,
        orelse: Vec<Statement>,
    },
    Try {
        body: Vec<Statement>,
        handlers: Vec<Statement>,
    },
    /// What is done only where the file is run as a program.
    Main(Vec<Statement>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub name: String,
    pub bases: Vec<Expr>,
    pub body: Vec<Statement>,
    /// Parameters of `__call__`, `self` included, and whether it is a coroutine.
    pub call: Option<(usize, bool)>,
}

/// One imported name; an import statement of several is several of these.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Import {
    /// Leading dots of a relative import.
    pub level: usize,
    pub module: String,
    pub what: Imported,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Imported {
    /// `import module`, bound to the first part of its name.
    Module,
    /// `import module as name`
    ModuleAs(String),
    /// `from module import name as bound`
    Name { name: String, bound: String },
    /// `from module import *`
    All,
}

impl Import {
    /// The name that the module gets.
    pub fn bound(&self) -> Option<&str> {
        match &self.what {
            Imported::Module => self.module.split('.').next(),
            Imported::ModuleAs(name) | Imported::Name { bound: name, .. } => Some(name),
            Imported::All => None,
        }
    }

    /// The module that is imported from, given that of the importing file; `None` above the topmost package.
    pub fn absolute(&self, importer: &str, importer_is_package: bool) -> Option<String> {
        if self.level == 0 {
            return Some(self.module.clone());
        }
        let up = self.level - usize::from(importer_is_package);
        let mut parts: Vec<&str> = importer.split('.').collect();
        if up >= parts.len() {
            return None;
        }
        parts.truncate(parts.len() - up);
        parts.extend(self.module.split('.').filter(|part| !part.is_empty()));
        Some(parts.join("."))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub name: String,
    pub is_async: bool,
    /// Positional parameters that a caller must give.
    pub required: Vec<String>,
    /// All parameters can be left out.
    pub callable_without_arguments: bool,
    pub body: Vec<Statement>,
}

/// What a name of a module stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    pub line: usize,
    pub to: BoundTo,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum BoundTo {
    Value(Expr),
    Import(Import),
    Function(Function),
    Class(Class),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Str(String),
    /// An f-string's pieces.
    Format(Vec<Expr>),
    Bool(bool),
    Int(i64),
    None,
    Name(String),
    Attribute(Box<Expr>, String),
    Subscript(Box<Expr>, Box<Expr>),
    Call {
        function: Box<Expr>,
        args: Vec<Expr>,
        keywords: Vec<(String, Expr)>,
    },
    /// Arithmetic, comparison, `and`, `or`, `in`, `not in`, by the operator as written.
    Binary(Box<Expr>, String, Box<Expr>),
    Not(Box<Expr>),
    /// `then if test else otherwise`
    Ternary {
        test: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// A list, a tuple or a set.
    List(Vec<Expr>),
    /// A dictionary's pairs, without what is unpacked into it.
    Dict(Vec<(Expr, Expr)>),
    Other,
}

impl Expr {
    /// `a.b.c` of names and attributes.
    pub fn dotted(&self) -> Option<String> {
        match self {
            Expr::Name(name) => Some(name.clone()),
            Expr::Attribute(base, name) => Some(format!("{}.{name}", base.dotted()?)),
            _ => None,
        }
    }

    /// Is it a value that cannot be called?
    pub fn is_plain_data(&self) -> bool {
        matches!(self, Expr::Str(_) | Expr::Format(_) | Expr::Bool(_) | Expr::Int(_) | Expr::None | Expr::List(_))
    }
}

impl Module {
    /// Reads Python source. Never fails: of a broken file, what can be recognised.
    pub fn parse(text: &str) -> Self {
        let (statements, whole) = lower::statements(text);
        let mut names = HashMap::new();
        bind(&statements, &mut names);
        Self { statements, names, broken: !whole }
    }

    /// Every import of the module, also inside functions.
    pub fn imports(&self) -> Vec<&Import> {
        let mut found = Vec::new();
        visit(&self.statements, &mut |statement| {
            if let StatementKind::Import(import) = &statement.kind {
                found.push(import);
            }
        });
        found
    }

    /// The same where the file is run as a program.
    pub fn imports_as_program(&self) -> Vec<&Import> {
        let mut found = self.imports();
        for statement in &self.statements {
            if let StatementKind::Main(body) = &statement.kind {
                visit(body, &mut |statement| {
                    if let StatementKind::Import(import) = &statement.kind {
                        found.push(import);
                    }
                });
            }
        }
        found
    }

    /// Does any import come from this top-level package?
    pub fn imports_package(&self, package: &str) -> bool {
        self.imports().iter().any(|import| import.level == 0 && import.module.split('.').next() == Some(package))
    }

    /// What a dotted expression means outside this module: `Flask` is `flask.Flask` after `from flask import Flask`.
    pub fn canonical(&self, dotted: &str) -> String {
        let (head, rest) = dotted.split_once('.').map_or((dotted, ""), |(head, rest)| (head, rest));
        let Some(Bound { to: BoundTo::Import(import), .. }) = self.names.get(head) else { return dotted.to_owned() };
        let base = match &import.what {
            Imported::Module => head.to_owned(),
            Imported::ModuleAs(_) | Imported::All => import.module.clone(),
            Imported::Name { name, .. } => format!("{}{}.{name}", ".".repeat(import.level), import.module),
        };
        if rest.is_empty() { base } else { format!("{base}.{rest}") }
    }
}

/// Calls `see` for each statement that a server runs, those of functions included, in the order of the source.
pub(super) fn visit<'a>(statements: &'a [Statement], see: &mut impl FnMut(&'a Statement)) {
    for statement in statements {
        see(statement);
        match &statement.kind {
            StatementKind::Function(function) => visit(&function.body, see),
            StatementKind::If { body, orelse, .. } => {
                visit(body, see);
                visit(orelse, see);
            }
            StatementKind::Try { body, handlers } => {
                visit(body, see);
                visit(handlers, see);
            }
            _ => {}
        }
    }
}

fn bind(statements: &[Statement], names: &mut HashMap<String, Bound>) {
    for statement in statements {
        let mut insert = |name: &str, to: BoundTo| names.insert(name.to_owned(), Bound { line: statement.line, to });
        match &statement.kind {
            StatementKind::Assign { target, value } => {
                insert(target, BoundTo::Value(value.clone()));
            }
            StatementKind::Import(import) => {
                if let Some(name) = import.bound() {
                    insert(name, BoundTo::Import(import.clone()));
                }
            }
            StatementKind::Function(function) => {
                insert(&function.name, BoundTo::Function(function.clone()));
            }
            StatementKind::Class(class) => {
                insert(&class.name, BoundTo::Class(class.clone()));
            }
            StatementKind::If { body, orelse, .. } => {
                bind(body, names);
                bind(orelse, names);
            }
            StatementKind::Try { body, handlers } => {
                // The handlers first: `except ImportError: app = None` is not what the name is meant to be.
                bind(handlers, names);
                bind(body, names);
            }
            StatementKind::Extend { .. }
            | StatementKind::SetItem { .. }
            | StatementKind::Expr(_)
            | StatementKind::Return(_)
            | StatementKind::Main(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
