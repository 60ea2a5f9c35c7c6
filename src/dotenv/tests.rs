use super::*;
use crate::units::mutated::mutated;

/// Variables beside the file's.
#[derive(Default)]
struct Around {
    over: Vec<(&'static str, &'static str)>,
    under: Vec<(&'static str, &'static str)>,
}

impl Surroundings for Around {
    fn over(&self, name: &str) -> Option<&str> {
        self.over.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
    fn under(&self, name: &str) -> Option<&str> {
        self.under.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
    fn is_hidden(&self, name: &str) -> bool {
        name == "PATH"
    }
}

fn contents(text: &str) -> Contents {
    read(text, &Around::default()).unwrap()
}

fn one(line: &str) -> String {
    contents(line).variables.pop().expect("a variable").value
}

#[test]
fn reads_what_people_write() {
    for (line, value) in [
        ("A=b", "b"),
        ("A = b # comment", "b"),
        ("export A='b c'", "b c"),
        ("A=b#c", "b#c"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=#x", "#x"),
        ("A=\"b\\nc\"\r\n", "b\nc"),
        ("A='b\r\nc'\n", "b\nc"),
        ("A='$b \\c \\\\ \\''", "$b \\c \\ '"),
        ("A=\"\\d \\\\n\"", "\\d \\n"),
        ("A=django-insecure-$x7=!@", "django-insecure-$x7=!@"),
        ("export=1", "1"),
        ("A=hello  big world # said", "hello  big world"),
        ("A={\"a\": [1, 2]}", "{\"a\": [1, 2]}"),
        ("A=it's", "it's"),
        ("A=C:\\temp\\new", "C:\\temp\\new"),
        ("A=${N:-fallback}", "fallback"),
        ("A=${N:-a}${N}x${", "ax${"),
        ("A='${N:-a b}'", "a b"),
        ("A=${N:x}", "${N:x}"),
        ("A=$N", "$N"),
        ("'A B'=c", "c"),
        ("a.b-c=d", "d"),
        ("A=-----BEGIN KEY-----", "-----BEGIN KEY-----"),
    ] {
        assert_eq!(one(line), value, "{line:?}");
    }
    let lines: Vec<_> = contents("# c\nA='\n\n'\n\nB=1\nA=2\n").variables.into_iter().map(|found| (found.name, found.line)).collect();
    assert_eq!(lines, [("A".to_owned(), 7), ("B".to_owned(), 6)]);
}

#[test]
fn a_name_without_a_value_takes_it_away() {
    let contents = contents("A=1\nexport A # later\nB=${A:-x}");
    assert_eq!(contents.variables, [Variable { name: "B".into(), value: String::new(), line: 3 }]);
    assert_eq!(contents.bare, [Mention { name: "A".into(), line: 2 }]);
}

#[test]
fn variables_stand_for_the_environment_then_for_the_file() {
    let around = Around { over: vec![("A", "over")], under: vec![("B", "under"), ("C", "under")] };
    let read = read("A=1\nB=2\nX=${A} ${B} ${C} ${D}", &around).unwrap();
    assert_eq!(read.variables[2].value, "over 2 under ");
    assert_eq!(read.unknown, [Mention { name: "D".into(), line: 3 }]);
}

#[test]
fn refuses_with_the_line_and_without_the_text() {
    for (text, line) in [
        ("A=1\nhush hush", 2),
        ("\n\nA='hush\nhush", 3),
        ("A=\"hush\"hush\"", 1),
        ("=hush", 1),
        ("A=\0hush", 1),
        ("'A=B'=hush", 1),
        ("A=1\n\n\nA=hush${PATH}", 4),
        ("A=x\n'hush", 2),
        ("export =hush", 1),
        ("A=1\r\rB='hush", 3),
    ] {
        let refused = read(text, &Around::default()).unwrap_err();
        assert_eq!(refused.line, line, "{text:?}");
        assert!(!format!("{refused:?}").contains("hush"), "{refused:?}");
    }
}

/// What real files look like, and what their readers trip over.
const FILES: [&str; 3] = [
    "# comment\nexport A=b\nB='two words' # more\nC=\"${A} ${D:-default}\\n\"\nD=\nE\n",
    "A=${B}\nB=${A}\nexport C = 'it\\'s'\r\nD=\"multi\nline\"\r",
    "URL=https://user:p%40ss@host/db?x=1#y\nEMPTY=''\nSPACES=  a b  \n",
];
const TOKENS: [&str; 18] =
    ["'", "\"", "\\", "\n", "\r", "${", "}", ":-", "=", "#", " ", "\t", "export ", "A", "${A}", "\0", "\u{feff}", "é"];

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}|([A-C$ ={}'\"\\\\\n#:-]{0,60})") {
        let _ = read(&text, &Around::default());
        let _ = compose::read(&text, &|_| None);
    }

    #[test]
    fn fuzz_what_is_read_can_be_in_an_environment(text in mutated(&FILES, &TOKENS)) {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() + 1;
        match read(&text, &Around::default()) {
            Err(refused) => proptest::prop_assert!((1..=lines).contains(&refused.line), "line {} of {lines}", refused.line),
            Ok(contents) => {
                let mut names: Vec<_> = contents.variables.iter().map(|variable| &variable.name).collect();
                for variable in &contents.variables {
                    proptest::prop_assert!(!variable.name.contains(['=', '\0']) && !variable.value.contains('\0'), "{:?}", variable);
                    proptest::prop_assert!((1..=lines).contains(&variable.line));
                }
                let count = names.len();
                names.sort();
                names.dedup();
                proptest::prop_assert_eq!(names.len(), count, "a name is there twice");
            }
        }
        let _ = compose::read(&text, &|_| None);
    }
}
