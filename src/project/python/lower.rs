//! From the parser's nodes to this crate's small tree.

use tree_sitter::Node;

use super::{Class, Expr, Function, Import, Imported, Statement, StatementKind};

/// Nesting beyond this is not written by people; without a limit it would exhaust the stack.
const MAX_DEPTH: usize = 100;

/// The statements of a source text, in order, and whether all of it is Python.
pub(super) fn statements(text: &str) -> (Vec<Statement>, bool) {
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_python::LANGUAGE.into()).is_err() {
        return (Vec::new(), true);
    }
    let Some(tree) = parser.parse(text, None) else { return (Vec::new(), true) };
    let mut found = Vec::new();
    Source(text).block(tree.root_node(), 0, &mut found);
    (found, !tree.root_node().has_error())
}

/// The text that nodes point into.
struct Source<'a>(&'a str);

impl<'a> Source<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        self.0.get(node.byte_range()).unwrap_or_default()
    }

    fn field<'t>(&self, node: Node<'t>, name: &str) -> Option<Node<'t>> {
        node.child_by_field_name(name)
    }

    fn block(&self, node: Node<'_>, depth: usize, out: &mut Vec<Statement>) {
        for child in children(node) {
            self.statement(child, depth + 1, out);
        }
    }

    fn block_of(&self, node: Option<Node<'_>>, depth: usize) -> Vec<Statement> {
        let mut found = Vec::new();
        if let Some(node) = node {
            self.block(node, depth, &mut found);
        }
        found
    }

    fn statement(&self, node: Node<'_>, depth: usize, out: &mut Vec<Statement>) {
        if depth > MAX_DEPTH {
            return;
        }
        let mut push = |kind| out.push(Statement { line: node.start_position().row + 1, kind });
        match node.kind() {
            "expression_statement" => {
                for child in children(node) {
                    self.expression_statement(child, depth, &mut push);
                }
            }
            "import_statement" | "import_from_statement" => self.imports(node, &mut push),
            "function_definition" => {
                if let Some(function) = self.function(node, depth) {
                    push(StatementKind::Function(function));
                }
            }
            "class_definition" => {
                if let Some(class) = self.class(node, depth) {
                    push(StatementKind::Class(class));
                }
            }
            "decorated_definition" => {
                if let Some(definition) = self.field(node, "definition") {
                    self.statement(definition, depth + 1, out);
                }
            }
            "return_statement" => {
                if let Some(value) = children(node).next() {
                    push(StatementKind::Return(self.expr(value, depth)));
                }
            }
            "if_statement" => self.if_statement(node, depth, out),
            "try_statement" => {
                let body = self.block_of(self.field(node, "body"), depth);
                let mut handlers = Vec::new();
                let mut after = Vec::new();
                for clause in children(node) {
                    match clause.kind() {
                        "except_clause" | "except_group_clause" => {
                            children(clause)
                                .filter(|part| part.kind() == "block")
                                .for_each(|block| self.block(block, depth, &mut handlers));
                        }
                        "else_clause" => self.block_of(self.field(clause, "body"), depth).into_iter().for_each(|one| after.push(one)),
                        "finally_clause" => {
                            children(clause).filter(|part| part.kind() == "block").for_each(|block| self.block(block, depth, &mut after));
                        }
                        _ => {}
                    }
                }
                push(StatementKind::Try { body, handlers });
                out.append(&mut after);
            }
            "with_statement" => out.append(&mut self.block_of(self.field(node, "body"), depth)),
            // What surrounds a syntax error is still worth reading.
            "ERROR" | "block" => self.block(node, depth, out),
            _ => {}
        }
    }

    fn if_statement(&self, node: Node<'_>, depth: usize, out: &mut Vec<Statement>) {
        let mut cursor = node.walk();
        let mut orelse = Vec::new();
        // From the last clause to the first, each `elif` holds the ones below it, and is as deep as those above it are many.
        let clauses: Vec<_> =
            node.children_by_field_name("alternative", &mut cursor).take(MAX_DEPTH.saturating_sub(depth)).enumerate().collect();
        for (above, clause) in clauses.into_iter().rev() {
            let depth = depth + above + 1;
            if clause.kind() == "else_clause" {
                orelse = self.block_of(self.field(clause, "body"), depth);
            } else {
                let mut nested = Vec::new();
                self.branch(clause, orelse, depth, &mut nested);
                orelse = nested;
            }
        }
        self.branch(node, orelse, depth, out);
    }

    /// `if` and `elif`: condition and consequence have the same names in both.
    fn branch(&self, node: Node<'_>, mut orelse: Vec<Statement>, depth: usize, out: &mut Vec<Statement>) {
        let test = self.field(node, "condition").map_or(Expr::Other, |test| self.expr(test, depth));
        let mut body = self.block_of(self.field(node, "consequence"), depth);
        let line = node.start_position().row + 1;
        match is_main(&test) {
            Some(as_program) => {
                let (program, module) = if as_program { (body, &mut orelse) } else { (orelse, &mut body) };
                out.push(Statement { line, kind: StatementKind::Main(program) });
                out.append(module);
            }
            None => out.push(Statement { line, kind: StatementKind::If { test, body, orelse } }),
        }
    }

    fn expression_statement(&self, node: Node<'_>, depth: usize, push: &mut impl FnMut(StatementKind)) {
        match node.kind() {
            "assignment" => self.assignment(node, depth, push),
            "augmented_assignment" => {
                let operator = self.field(node, "operator").map(|operator| self.text(operator));
                if let (Some("+="), Some(left), Some(right)) = (operator, self.field(node, "left"), self.field(node, "right")) {
                    let value = self.expr(right, depth);
                    push(StatementKind::Extend { target: self.text(left).to_owned(), value });
                }
            }
            _ => push(StatementKind::Expr(self.expr(node, depth))),
        }
    }

    /// `a = b = value` binds both.
    fn assignment(&self, node: Node<'_>, depth: usize, push: &mut impl FnMut(StatementKind)) {
        let mut targets = Vec::new();
        let mut next = node;
        let value = loop {
            targets.extend(self.field(next, "left"));
            match self.field(next, "right") {
                Some(right) if right.kind() == "assignment" && targets.len() < MAX_DEPTH => next = right,
                Some(right) => break self.expr(right, depth),
                None => return,
            }
        };
        for target in targets {
            match target.kind() {
                "identifier" => push(StatementKind::Assign { target: self.text(target).to_owned(), value: value.clone() }),
                "subscript" => {
                    if let Expr::Subscript(base, key) = self.expr(target, depth) {
                        push(StatementKind::SetItem { base: *base, key: *key, value: value.clone() });
                    }
                }
                // `a, b = f()`: the names exist, their values are not told apart.
                "pattern_list" | "tuple_pattern" => {
                    for name in children(target).filter(|name| name.kind() == "identifier") {
                        push(StatementKind::Assign { target: self.text(name).to_owned(), value: Expr::Other });
                    }
                }
                _ => {}
            }
        }
    }

    fn imports(&self, node: Node<'_>, push: &mut impl FnMut(StatementKind)) {
        let from = self.field(node, "module_name");
        let (level, module) = from.map_or((0, ""), |from| {
            let text = self.text(from);
            let module = text.trim_start_matches(['.', ' ']);
            (text[..text.len() - module.len()].matches('.').count(), module.trim())
        });
        let mut add = |module: &str, what| push(StatementKind::Import(Import { level, module: module.to_owned(), what }));
        let mut cursor = node.walk();
        for child in node.children_by_field_name("name", &mut cursor) {
            let (name, alias) = if child.kind() == "aliased_import" {
                (self.field(child, "name").map_or("", |name| self.text(name)), self.field(child, "alias").map(|alias| self.text(alias)))
            } else {
                (self.text(child), None)
            };
            match (from, alias) {
                (Some(_), alias) => {
                    add(module, Imported::Name { name: name.to_owned(), bound: alias.unwrap_or(name).to_owned() });
                }
                (None, Some(alias)) => add(name, Imported::ModuleAs(alias.to_owned())),
                (None, None) => add(name, Imported::Module),
            }
        }
        if children(node).any(|child| child.kind() == "wildcard_import") {
            add(module, Imported::All);
        }
    }

    fn class(&self, node: Node<'_>, depth: usize) -> Option<Class> {
        let name = self.text(self.field(node, "name")?).to_owned();
        let bases = self.field(node, "superclasses").into_iter().flat_map(children);
        let bases = bases.filter(|base| base.kind() != "keyword_argument").map(|base| self.expr(base, depth + 1)).collect();
        let body = self.block_of(self.field(node, "body"), depth + 1);
        let call = body.iter().find_map(|statement| match &statement.kind {
            StatementKind::Function(function) if function.name == "__call__" => Some((function.required.len(), function.is_async)),
            _ => None,
        });
        Some(Class { name, bases, body, call })
    }

    fn function(&self, node: Node<'_>, depth: usize) -> Option<Function> {
        let name = self.text(self.field(node, "name")?).to_owned();
        let is_async = node.child(0).is_some_and(|first| first.kind() == "async");
        let mut required = Vec::new();
        let mut callable_without_arguments = true;
        let mut keyword_only = false;
        for parameter in self.field(node, "parameters").into_iter().flat_map(children) {
            let is_splat = |node: Node<'_>| matches!(node.kind(), "list_splat_pattern" | "dictionary_splat_pattern");
            match parameter.kind() {
                "keyword_separator" | "list_splat_pattern" => keyword_only = true,
                "typed_parameter" if children(parameter).next().is_some_and(is_splat) => keyword_only = true,
                "identifier" | "typed_parameter" => {
                    callable_without_arguments = false;
                    if !keyword_only {
                        required.push(self.text(parameter).split(':').next().unwrap_or_default().trim().to_owned());
                    }
                }
                _ => {}
            }
        }
        let body = self.block_of(self.field(node, "body"), depth + 1);
        Some(Function { name, is_async, required, callable_without_arguments, body })
    }

    fn expr(&self, node: Node<'_>, depth: usize) -> Expr {
        if depth > MAX_DEPTH {
            return Expr::Other;
        }
        let inner = |node: Node<'_>| Box::new(self.expr(node, depth + 1));
        let field = |name: &str| self.field(node, name).map(inner);
        let lowered = match node.kind() {
            "string" => self.string(node, depth),
            "concatenated_string" => Some(concatenate(children(node).map(|part| self.expr(part, depth + 1)))),
            "true" => Some(Expr::Bool(true)),
            "false" => Some(Expr::Bool(false)),
            "none" => Some(Expr::None),
            "integer" => self.text(node).replace('_', "").parse().ok().map(Expr::Int),
            "identifier" => Some(Expr::Name(self.text(node).to_owned())),
            "attribute" => (|| Some(Expr::Attribute(field("object")?, self.text(self.field(node, "attribute")?).to_owned())))(),
            "subscript" => (|| Some(Expr::Subscript(field("value")?, field("subscript")?)))(),
            "parenthesized_expression" => children(node).next().map(|node| self.expr(node, depth + 1)),
            "list" | "tuple" | "set" | "expression_list" => Some(self.list(node, depth)),
            "dictionary" => {
                let pairs = children(node).filter(|pair| pair.kind() == "pair");
                let pair = |pair| Some((self.expr(self.field(pair, "key")?, depth + 1), self.expr(self.field(pair, "value")?, depth + 1)));
                Some(Expr::Dict(pairs.filter_map(pair).collect()))
            }
            "call" => self.call(node, depth),
            "binary_operator" | "boolean_operator" => (|| {
                let operator = self.text(self.field(node, "operator")?).to_owned();
                Some(Expr::Binary(field("left")?, operator, field("right")?))
            })(),
            "comparison_operator" => {
                let operands: Vec<_> = children(node).collect();
                match operands[..] {
                    [left, right] => {
                        let operator = self.0.get(left.end_byte()..right.start_byte()).unwrap_or_default();
                        let operator = operator.split_whitespace().collect::<Vec<_>>().join(" ");
                        Some(Expr::Binary(inner(left), operator, inner(right)))
                    }
                    _ => None,
                }
            }
            "not_operator" => field("argument").map(Expr::Not),
            "conditional_expression" => {
                let parts: Vec<_> = children(node).collect();
                match parts[..] {
                    [then, test, otherwise] => Some(Expr::Ternary { test: inner(test), then: inner(then), otherwise: inner(otherwise) }),
                    _ => None,
                }
            }
            _ => None,
        };
        lowered.unwrap_or(Expr::Other)
    }

    /// `[a, *b, c]` is `[a] + b + [c]`.
    fn list(&self, node: Node<'_>, depth: usize) -> Expr {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        for item in children(node) {
            if item.kind() == "list_splat" {
                parts.push(Expr::List(std::mem::take(&mut plain)));
                parts.push(children(item).next().map_or(Expr::Other, |inner| self.expr(inner, depth + 1)));
            } else {
                plain.push(self.expr(item, depth + 1));
            }
        }
        // Each part is one level deeper than the one before.
        if parts.len() > MAX_DEPTH {
            return Expr::Other;
        }
        parts.push(Expr::List(plain));
        parts.into_iter().reduce(|left, right| Expr::Binary(Box::new(left), "+".into(), Box::new(right))).unwrap_or(Expr::Other)
    }

    fn call(&self, node: Node<'_>, depth: usize) -> Option<Expr> {
        let function = Box::new(self.expr(self.field(node, "function")?, depth + 1));
        let (mut args, mut keywords) = (Vec::new(), Vec::new());
        for argument in children(self.field(node, "arguments")?) {
            if argument.kind() == "keyword_argument" {
                let name = self.text(self.field(argument, "name")?).to_owned();
                keywords.push((name, self.expr(self.field(argument, "value")?, depth + 1)));
            } else {
                args.push(self.expr(argument, depth + 1));
            }
        }
        Some(Expr::Call { function, args, keywords })
    }

    fn string(&self, node: Node<'_>, depth: usize) -> Option<Expr> {
        let mut pieces = Vec::new();
        let mut prefix = String::new();
        for child in children(node) {
            match child.kind() {
                "string_start" => prefix = self.text(child).to_ascii_lowercase(),
                "string_content" => {
                    let text = self.text(child);
                    let text = if prefix.contains('r') { text.to_owned() } else { unescape(text) };
                    let text = if prefix.contains('f') { text.replace("{{", "{").replace("}}", "}") } else { text };
                    pieces.push(Expr::Str(text));
                }
                "interpolation" => pieces.push(self.field(child, "expression").map_or(Expr::Other, |inner| self.expr(inner, depth + 1))),
                _ => {}
            }
        }
        (!prefix.contains('b')).then(|| concatenate(pieces))
    }
}

/// Named children without comments. By a cursor: asking each node for its next sibling takes quadratic time.
fn children<'tree>(node: Node<'tree>) -> impl Iterator<Item = Node<'tree>> + use<'tree> {
    let mut cursor = node.walk();
    let all: Vec<Node<'tree>> = node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
    all.into_iter()
}

/// One string of adjacent pieces, as far as all are plain.
fn concatenate(pieces: impl IntoIterator<Item = Expr>) -> Expr {
    let mut joined: Vec<Expr> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Expr::Str(last)), Expr::Str(text)) => last.push_str(&text),
            (_, Expr::Format(inner)) => joined.extend(inner),
            (_, piece) => joined.push(piece),
        }
    }
    match joined.as_slice() {
        [] => Expr::Str(String::new()),
        [Expr::Str(text)] => Expr::Str(text.clone()),
        _ => Expr::Format(joined),
    }
}

/// `__name__ == "__main__"` is `Some(true)`, with `!=` it is `Some(false)`.
fn is_main(test: &Expr) -> Option<bool> {
    let Expr::Binary(left, operator, right) = test else { return None };
    let is_name = |side: &Expr| *side == Expr::Name("__name__".into());
    let is_text = |side: &Expr| *side == Expr::Str("__main__".into());
    if !(is_name(left) && is_text(right) || is_text(left) && is_name(right)) {
        return None;
    }
    match operator.as_str() {
        "==" => Some(true),
        "!=" => Some(false),
        _ => None,
    }
}

/// The escapes that occur in paths and names; others stay as they are.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('\n') => {}
            Some(c @ ('\\' | '\'' | '"')) => plain.push(c),
            Some(digits @ ('x' | 'u')) => {
                let length = if digits == 'x' { 2 } else { 4 };
                let hex: String = chars.as_str().chars().take(length).collect();
                match u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) {
                    Some(c) if hex.len() == length => {
                        plain.push(c);
                        chars.nth(length - 1);
                    }
                    _ => plain.extend(['\\', digits]),
                }
            }
            Some(c) => plain.extend(['\\', c]),
            None => plain.push('\\'),
        }
    }
    plain
}
