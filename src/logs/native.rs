//! Requirements that are compiled where they have no wheel, and the Debian packages that compiling them takes. Pure.

use std::sync::LazyLock;

use regex::Regex;

/// A package of the index.
struct Native {
    names: &'static [&'static str],
    /// Wheels of it are published, so that another version or Python needs no compiler.
    wheels: bool,
    /// Debian packages in the image, by names that all its releases install something for.
    packages: &'static [&'static str],
    /// Those that compiling needs.
    build: &'static [&'static str],
}

const fn native(names: &'static [&'static str], wheels: bool, packages: &'static [&'static str], build: &'static [&'static str]) -> Native {
    Native { names, wheels, packages, build }
}

const NATIVE: &[Native] = &[
    // What compiles is psycopg2; this one is for its wheels.
    native(&["psycopg2-binary", "psycopg-binary"], true, &[], &[]),
    native(&["psycopg2", "psycopg", "psycopg-c"], false, &["libpq5"], &["libpq-dev"]),
    native(&["mysqlclient"], false, &["libmariadb3"], &["libmariadb-dev", "pkg-config"]),
    native(&["lxml"], true, &["libxml2", "libxslt1.1"], &["libxml2-dev", "libxslt1-dev"]),
    native(&["pillow"], true, &["libjpeg62-turbo", "libfreetype6"], &["libjpeg-dev", "zlib1g-dev", "libfreetype-dev"]),
    // The library's own name differs; this depends on it.
    native(&["python-ldap"], false, &["ldap-utils", "libsasl2-2"], &["libldap-dev", "libsasl2-dev"]),
    native(&["pycairo", "cairocffi"], false, &["libcairo2"], &["libcairo2-dev", "pkg-config"]),
    native(&["xmlsec", "python3-saml"], true, &["libxmlsec1-openssl"], &["libxmlsec1-dev", "pkg-config"]),
    native(&["cryptography"], true, &[], &["libssl-dev", "libffi-dev", "pkg-config", "cargo"]),
    native(&["cffi"], true, &["libffi8"], &["libffi-dev"]),
    native(&["gdal", "fiona", "rasterio"], false, &["gdal-bin"], &["libgdal-dev", "g++"]),
    native(&["shapely"], true, &["libgeos-c1v5"], &["libgeos-dev"]),
    native(&["pygraphviz"], false, &["graphviz"], &["libgraphviz-dev"]),
    native(&["pycurl"], true, &["libcurl4"], &["libcurl4-openssl-dev", "libssl-dev"]),
    native(&["pyodbc"], true, &["unixodbc"], &["unixodbc-dev", "g++"]),
    native(&["pylibmc"], false, &["libmemcached11"], &["libmemcached-dev", "zlib1g-dev"]),
    native(&["gssapi", "kerberos", "pykerberos"], false, &["libgssapi-krb5-2"], &["libkrb5-dev"]),
    native(&["greenlet", "gevent", "pandas", "numpy", "scipy", "grpcio", "matplotlib"], true, &[], &["g++"]),
    native(&["bcrypt", "orjson", "pydantic-core", "rpds-py"], true, &[], &["cargo"]),
];

/// Libraries that a wheel or an extension loads when it is imported, by the beginning of their file names.
const LIBRARIES: &[(&str, &str)] = &[
    ("libpq.", "libpq5"),
    ("libmariadb.", "libmariadb3"),
    ("libmysqlclient.", "libmariadb3"),
    ("libxml2.", "libxml2"),
    ("libxslt.", "libxslt1.1"),
    ("libxmlsec1", "libxmlsec1-openssl"),
    ("libGL.", "libgl1"),
    ("libglib-2.0.", "libglib2.0-0"),
    ("libgthread-2.0.", "libglib2.0-0"),
    ("libgobject-2.0", "libglib2.0-0"),
    ("libcairo", "libcairo2"),
    ("libpango-1.0", "libpango-1.0-0"),
    ("libpangoft2-1.0", "libpangoft2-1.0-0"),
    ("libmagic.", "libmagic1"),
    ("libgomp.", "libgomp1"),
    ("libodbc.", "unixodbc"),
    ("libgeos_c.", "libgeos-c1v5"),
    ("libgdal.", "gdal-bin"),
    ("libldap", "ldap-utils"),
    ("libcurl.", "libcurl4"),
    ("libffi.", "libffi8"),
    ("libjpeg.", "libjpeg62-turbo"),
];

/// Every Debian package that is ever named here.
pub fn debian_packages() -> Vec<&'static str> {
    let of_requirements = NATIVE.iter().flat_map(|native| native.packages.iter().chain(native.build).copied());
    let mut all: Vec<_> = of_requirements.chain(LIBRARIES.iter().map(|(_, package)| *package)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The Debian package that has a library, by its file's name.
pub fn package_of_library(file: &str) -> Option<&'static str> {
    LIBRARIES.iter().find(|(begin, _)| file.starts_with(begin)).map(|(_, package)| *package)
}

/// Where pip or uv says which requirement could not be built, the plainest first.
static FAILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i)failed building wheel for ([\w.-]+)",
        r"(?i)failed to build [`']([\w.-]+?)(?:==[^`']*)?[`']",
        r"(?i)failed to build installable wheels for some pyproject.toml based projects(?: are required to install [^(]*)? ?\(([\w.-]+)",
        r"(?i)could not build wheels for ([\w.-]+)",
        r"(?m)^Failed to build ([\w.-]+)",
    ]
    .map(|pattern| Regex::new(pattern).expect("the patterns are constants, compiled by the tests"))
    .into()
});
/// pip asks for metadata of what it has collected last.
static COLLECTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*Collecting ([\w.-]+)").expect("the pattern is a constant, compiled by the tests"));

/// What to do about a requirement that could not be compiled, the best first. Nothing: it is not known which, or how.
pub fn advice(output: &str) -> Vec<String> {
    let name = FAILED.iter().find_map(|pattern| pattern.captures(output)).or_else(|| {
        let without_metadata = output.contains("metadata-generation-failed") || output.contains("to build wheel did not run successfully");
        COLLECTED.captures_iter(output).last().filter(|_| without_metadata)
    });
    let Some(name) = name.map(|found| normalized(&found[1])) else { return Vec::new() };
    if name == "uwsgi" {
        return vec!["uwsgi is a server of its own, and Apache/mod_wsgi is used here: leave it out of the requirements".into()];
    }
    let Some(native) = NATIVE.iter().find(|native| native.names.contains(&name.as_str())) else { return Vec::new() };
    let mut hints = Vec::new();
    if native.wheels {
        hints.push(format!(
            "this version of {name} has no wheel for this Python: require a newer one, or write the Python that it was made for, `python: \"3.11\"`"
        ));
    }
    if !native.build.is_empty() {
        let libraries = if native.packages.is_empty() { String::new() } else { format!("packages: [{}], ", native.packages.join(", ")) };
        let or = if native.wheels { "or compile it: " } else { "" };
        hints.push(format!("{or}{name} needs `image: {{{libraries}build-packages: [{}]}}` in parity.yaml", native.build.join(", ")));
    }
    if name == "psycopg2" {
        hints.push("or require `psycopg2-binary`, which brings its library along".into());
    }
    hints
}

/// PEP 503.
fn normalized(name: &str) -> String {
    name.trim_end_matches(['-', '.']).to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requirement_is_found_in_what_pip_and_uv_say() {
        for (output, name) in [
            ("  error: subprocess-exited-with-error\n  ERROR: Failed building wheel for lxml\n", "lxml"),
            ("ERROR: Failed to build 'python-ldap' when getting requirements to build wheel", "python-ldap"),
            ("ERROR: Failed to build installable wheels for some pyproject.toml based projects (mysqlclient)", "mysqlclient"),
            ("ERROR: Could not build wheels for Pillow, which is required to install", "pillow"),
            ("  × Failed to build `psycopg2==2.9.9`", "psycopg2"),
            ("Collecting flask\nCollecting python_ldap==3.4\nerror: metadata-generation-failed", "python-ldap"),
        ] {
            assert!(advice(output).iter().any(|hint| hint.contains(name)), "{output}: {:?}", advice(output));
        }
        assert!(advice("Collecting lxml\nInstalling\nERROR: something else").is_empty());
    }

    #[test]
    fn a_wheel_comes_before_a_compiler() {
        let binary = advice("ERROR: Failed building wheel for psycopg2-binary");
        assert_eq!(binary.len(), 1);
        assert!(binary[0].contains("python: \"3.11\"") && !binary[0].contains("libpq"), "{binary:?}");
        let pillow = advice("ERROR: Failed building wheel for Pillow");
        assert!(pillow[0].contains("wheel") && pillow[1].contains("build-packages: [libjpeg-dev"), "{pillow:?}");
        let mysql = advice("ERROR: Failed building wheel for mysqlclient");
        assert_eq!(
            mysql,
            ["mysqlclient needs `image: {packages: [libmariadb3], build-packages: [libmariadb-dev, pkg-config]}` in parity.yaml"]
        );
        assert!(advice("Failed building wheel for uWSGI")[0].contains("leave it out"));
    }

    #[test]
    fn names_are_written_once() {
        let mut names: Vec<_> = NATIVE.iter().flat_map(|native| native.names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| normalized(name) == **name));
        assert_eq!(package_of_library("libpq.so.5"), Some("libpq5"));
    }
}
