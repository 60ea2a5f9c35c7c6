//! A Django settings module, followed through the modules it is split into.

use std::collections::HashMap;

use super::Environment;
use super::python::{Class, Expr, Import, Imported, Statement, StatementKind};
use super::tree::{self, Tree};
use super::value::{self, Evaluator, Member, Value};

/// Settings packages have a handful of files; what goes beyond is not settings.
const MAX_FILES: usize = 60;

/// A name of a settings module.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub value: Value,
    /// `mysite/settings.py:70`
    pub place: String,
    /// Set under a condition that depends on more than the source.
    pub conditional: bool,
    /// An environment variable can make it another.
    pub from_environment: bool,
}

/// All names of a settings module, own and imported.
pub(super) type Settings = HashMap<String, Setting>;

/// Reads a settings module; `None` if it is not a file of the project.
///
/// What the environment has makes a value one that is not known: it may be secret, and settings are shown.
pub(super) fn load(tree: &Tree, environment: &Environment, import_roots: &[String], module: &str) -> Option<Settings> {
    let file = tree.module_file(import_roots, module)?;
    let known = |name: &str| environment.contains_key(name).then_some(Value::Unknown);
    let mut reader = Reader { tree, environment: &known, argv: &[], import_roots, running: Vec::new(), files: 0 };
    Some(reader.run(&file, module))
}

/// What a class of a settings module sets, as django-configurations has it.
pub(super) fn of_class(settings: &Settings, name: &str, environment: &Environment) -> Option<Settings> {
    let Value::Class(members) = &settings.get(name)?.value else { return None };
    let setting = |Member { name, value, place, from_environment }: Member| {
        // Values that it reads from the environment have the prefix.
        let value = if from_environment && environment.contains_key(&format!("DJANGO_{name}")) { Value::Unknown } else { value };
        (name, Setting { value, place, conditional: false, from_environment })
    };
    Some(members.iter().cloned().map(setting).collect())
}

/// What a script is seen to do: the names it has by then, the statement, and whether that depends on more than the source.
type See<'a> = dyn FnMut(&dyn Fn(&Expr) -> Value, &Statement, bool) + 'a;

/// Runs a script's statements, those inside functions included: `manage.py` sets the module within `main()`.
pub(super) fn run_script(tree: &Tree, environment: &Environment, file: &str, see: &mut See<'_>) {
    let Some(module) = tree.module(file) else { return };
    let known = |name: &str| environment.get(name).map(|value| Value::Str(value.expose().to_owned()));
    // As parity runs it; under a server there are none.
    let argv: &[&str] = if tree::file_name(file) == "manage.py" { &["manage.py", "collectstatic", "--noinput"] } else { &[] };
    let import_roots = &[tree::parent(file).to_owned()];
    let mut reader = Reader { tree, environment: &known, argv, import_roots, running: Vec::new(), files: 0 };
    reader.script(&module.statements, &Place { file, module: "__main__" }, false, &mut Settings::new(), see);
}

#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    module: &'a str,
}

struct Reader<'a> {
    tree: &'a Tree,
    environment: &'a dyn Fn(&str) -> Option<Value>,
    /// `sys.argv`, where it is known.
    argv: &'a [&'a str],
    import_roots: &'a [String],
    /// Files being read, against circles.
    running: Vec<String>,
    files: usize,
}

impl Reader<'_> {
    fn run(&mut self, file: &str, module: &str) -> Settings {
        let mut names = Settings::new();
        self.run_into(file, module, &mut names);
        names
    }

    fn run_into(&mut self, file: &str, module: &str, names: &mut Settings) {
        if self.files >= MAX_FILES || self.running.iter().any(|running| running == file) {
            return;
        }
        let Some(parsed) = self.tree.module(file) else { return };
        self.files += 1;
        self.running.push(file.to_owned());
        self.block(&parsed.statements, &Place { file, module }, false, names);
        self.running.pop();
    }

    fn script(&mut self, statements: &[Statement], place: &Place<'_>, conditional: bool, names: &mut Settings, see: &mut See<'_>) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Function(function) => self.script(&function.body, place, conditional, names, see),
                StatementKind::Main(body) => self.script(body, place, conditional, names, see),
                StatementKind::If { test, body, orelse } => match self.evaluate(names, place, test).0.truth() {
                    Some(truth) => self.script(if truth { body } else { orelse }, place, conditional, names, see),
                    None => {
                        self.script(body, place, true, names, see);
                        self.script(orelse, place, true, names, see);
                    }
                },
                StatementKind::Try { body, handlers } => {
                    self.script(body, place, conditional, names, see);
                    self.script(handlers, place, true, names, see);
                }
                _ => {
                    see(&|expr| self.evaluate(names, place, expr).0, statement, conditional);
                    self.statement(statement, place, conditional, names);
                }
            }
        }
    }

    fn block(&mut self, statements: &[Statement], place: &Place<'_>, conditional: bool, names: &mut Settings) {
        for statement in statements {
            self.statement(statement, place, conditional, names);
        }
    }

    fn statement(&mut self, statement: &Statement, place: &Place<'_>, conditional: bool, names: &mut Settings) {
        let at = || format!("{}:{}", place.file, statement.line);
        match &statement.kind {
            StatementKind::Assign { target, value } => {
                let (value, from_environment) = self.evaluate(names, place, value);
                names.insert(target.clone(), Setting { value, place: at(), conditional, from_environment });
            }
            StatementKind::Extend { target, value } => {
                let (more, from_environment) = self.evaluate(names, place, value);
                extend(names, target, more, from_environment);
            }
            StatementKind::Class(class) => {
                let value = self.class(class, place, names);
                names.insert(class.name.clone(), Setting { value, place: at(), conditional, from_environment: false });
            }
            StatementKind::Import(import) => self.import(import, place, conditional, at(), names),
            StatementKind::Expr(Expr::Call { function, args, .. }) => self.bare_call(function, args, place, names),
            StatementKind::If { test, body, orelse } => {
                let (test, from_environment) = self.evaluate(names, place, test);
                match test.truth() {
                    Some(truth) if !from_environment => self.block(if truth { body } else { orelse }, place, conditional, names),
                    // The likely branch last, so that its values stand.
                    Some(true) => {
                        self.block(orelse, place, true, names);
                        self.block(body, place, true, names);
                    }
                    Some(false) => self.unlikely(body, orelse, place, names),
                    None => {
                        self.block(orelse, place, true, names);
                        self.block(body, place, true, names);
                    }
                }
            }
            StatementKind::Try { body, handlers } => {
                self.block(body, place, conditional, names);
                let mut fallback = names.clone();
                self.block(handlers, place, true, &mut fallback);
                for (name, setting) in fallback {
                    let known = names.get(&name).is_some_and(|setting| setting.value != Value::Unknown);
                    if !known {
                        names.insert(name, setting);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a class inherits, the first base over the others, and what its body sets over that.
    fn class(&mut self, class: &Class, place: &Place<'_>, names: &Settings) -> Value {
        let mut members: Vec<Member> = Vec::new();
        let mut add = |member: Member| {
            members.retain(|known| known.name != member.name);
            members.push(member);
        };
        for base in class.bases.iter().rev() {
            if let Value::Class(inherited) = self.evaluate(names, place, base).0 {
                inherited.into_iter().for_each(&mut add);
            }
        }
        let mut inner = names.clone();
        // Methods and properties are values that are not known.
        for statement in &class.body {
            let at = format!("{}:{}", place.file, statement.line);
            if let StatementKind::Function(function) = &statement.kind {
                inner.insert(
                    function.name.clone(),
                    Setting { value: Value::Unknown, place: at, conditional: false, from_environment: false },
                );
            } else {
                self.statement(statement, place, false, &mut inner);
            }
        }
        let own = inner.into_iter().filter(|(name, setting)| names.get(name) != Some(setting));
        own.map(|(name, setting)| Member {
            name,
            value: setting.value,
            place: setting.place,
            from_environment: setting.from_environment || setting.conditional,
        })
        .for_each(add);
        Value::Class(members).bounded()
    }

    fn evaluate(&self, names: &Settings, place: &Place<'_>, expr: &Expr) -> (Value, bool) {
        let touched = std::cell::Cell::new(false);
        let lookup = |name: &str| {
            builtin(place.file, place.module, name).or_else(|| {
                let setting = names.get(name)?;
                touched.set(touched.get() || setting.from_environment || setting.conditional);
                Some(setting.value.clone())
            })
        };
        let evaluator = Evaluator::new(&lookup, self.environment).with_arguments(self.argv);
        let value = evaluator.eval(expr);
        (value, evaluator.from_environment.get() || touched.get())
    }

    /// The body of an `if` that is not taken with an empty environment: what it sets is only marked as uncertain.
    fn unlikely(&mut self, body: &[Statement], orelse: &[Statement], place: &Place<'_>, names: &mut Settings) {
        let mut other = names.clone();
        self.block(body, place, true, &mut other);
        self.block(orelse, place, true, names);
        for (name, setting) in other {
            match names.get_mut(&name) {
                Some(known) if known.value != setting.value => known.conditional = true,
                Some(_) => {}
                None => {
                    names.insert(name, Setting { value: Value::Unknown, ..setting });
                }
            }
        }
    }

    fn import(&mut self, import: &Import, place: &Place<'_>, conditional: bool, at: String, names: &mut Settings) {
        let is_package = tree::file_name(place.file) == "__init__.py";
        let module = import.absolute(place.module, is_package).unwrap_or_default();
        let plain = |value| Setting { value, place: at.clone(), conditional, from_environment: false };
        match &import.what {
            Imported::All => {
                if let Some(file) = self.tree.module_file(self.import_roots, &module) {
                    for (name, mut setting) in self.run(&file, &module) {
                        setting.conditional |= conditional;
                        names.insert(name, setting);
                    }
                }
            }
            Imported::Name { name, bound } => {
                let file = self.tree.module_file(self.import_roots, &module);
                let found = file.and_then(|file| self.run(&file, &module).remove(name));
                names.insert(bound.clone(), found.unwrap_or_else(|| plain(Value::Import(format!("{module}.{name}")))));
            }
            Imported::Module | Imported::ModuleAs(_) => {
                let Some(bound) = import.bound() else { return };
                let full = if import.what == Imported::Module { bound.to_owned() } else { module };
                names.insert(bound.to_owned(), plain(Value::Import(full)));
            }
        }
    }

    /// `INSTALLED_APPS.append("x")`, and django-split-settings' `include("base.py")`.
    fn bare_call(&mut self, function: &Expr, args: &[Expr], place: &Place<'_>, names: &mut Settings) {
        if let Expr::Attribute(base, method) = function
            && let Expr::Name(target) = &**base
            && let [argument] = args
        {
            let (value, from_environment) = self.evaluate(names, place, argument);
            match method.as_str() {
                "append" => extend(names, target, Value::List(vec![value]), from_environment),
                "extend" => extend(names, target, value, from_environment),
                _ => {}
            }
        } else if self.evaluate(names, place, function).0 == Value::Import("split_settings.tools.include".into()) {
            for argument in args {
                // `optional("local.py")` is the same here: a file that is absent is passed over.
                let argument = if let Expr::Call { args, .. } = argument { args.first() } else { Some(argument) };
                let file = argument.and_then(|argument| self.evaluate(names, place, argument).0.text().map(str::to_owned));
                if let Some(file) = file.and_then(|file| tree::normalize(&tree::join(tree::parent(place.file), &file))) {
                    self.run_into(&file, place.module, names);
                }
            }
        }
    }
}

fn extend(names: &mut Settings, target: &str, more: Value, from_environment: bool) {
    if let Some(setting) = names.get_mut(target) {
        let known = std::mem::replace(&mut setting.value, Value::Unknown);
        setting.value = value::add(known, more);
        setting.from_environment |= from_environment;
    }
}

fn builtin(file: &str, module: &str, name: &str) -> Option<Value> {
    match name {
        "__file__" => Some(Value::Str(value::in_container(file))),
        "__name__" => Some(Value::Str(module.to_owned())),
        _ => None,
    }
}
