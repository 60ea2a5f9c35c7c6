//! Why a build failed, from the output of the step that broke. Pure.

use crate::engine::build::BuildFailed;
use crate::error::{Failure, Kind};
use crate::logs::{self, native};

/// Lines of output shown when none of them stands out.
const TAIL: usize = 12;
/// What a step of the runtime's stage is for.
const HOOK: &str = "a build hook";
const COLLECTING: &str = "collecting static files";
const REQUIREMENTS: &str = "installing the requirements";
/// Characters of each line that are shown.
const WIDTH: usize = 240;

/// Signs of a known cause in the output, and what to do about it. The first that fits is said: those of the network
/// come first, since pip goes on from them to "no matching distribution".
const KNOWN: &[(&str, &str)] = &[
    ("certificate_verify_failed", "a proxy intercepts TLS: name its CA bundle in `image: {build-ca: FILE}`, or in $SSL_CERT_FILE"),
    ("invalid peer certificate", "a proxy intercepts TLS: name its CA bundle in `image: {build-ca: FILE}`, or in $SSL_CERT_FILE"),
    ("temporary failure resolving", "the build has no network: check the engine's DNS and proxy settings"),
    ("temporary failure in name resolution", "the build has no network: check the engine's DNS and proxy settings"),
    ("401 error", CREDENTIALS),
    ("error 401", CREDENTIALS),
    ("401 unauthorized", CREDENTIALS),
    ("error 403", CREDENTIALS),
    ("403 forbidden", CREDENTIALS),
    ("no space left", "`docker system df` shows what fills the engine's disk"),
    ("no matching distribution found for", NO_SUCH),
    ("was not found in the package registry", NO_SUCH),
    ("there is no version of", NO_SUCH),
    ("there are no versions of", NO_SUCH),
    ("resolutionimpossible", CONFLICT),
    ("your requirements are unsatisfiable", CONFLICT),
    ("couldn't parse requirement", "packages are named as in `flask>=3.0`: tools of today refuse what older ones passed over"),
    ("git executable not found", NO_GIT),
    ("cannot find command 'git'", NO_GIT),
    ("git: not found", NO_GIT),
    (
        "pip: not found",
        "an image that is deployed has no pip: name the package in the project's requirements, of which `requirements: [FILE, FILE]` lists several",
    ),
    (
        "unable to detect version",
        "git has no version here: name one in `build-env: {SETUPTOOLS_SCM_PRETEND_VERSION: \"1.0\"}`, or add a tag",
    ),
    ("do not match the hashes", "a lock file's hashes do not fit what was downloaded: lock again"),
    ("hash mismatch", "a lock file's hashes do not fit what was downloaded: lock again"),
    ("hashes are required", "a lock file's hashes do not fit what was downloaded: lock again"),
    ("pg_config executable not found", "write `image: {packages: [libpq5], build-packages: [libpq-dev]}`, or require `psycopg[binary]`"),
    ("mysql_config", "write `image: {packages: [libmariadb3], build-packages: [libmariadb-dev, pkg-config]}`"),
    ("error: command 'g++' failed", "a requirement has C++ in it: write `image: {build-packages: [g++]}`"),
    ("autoreconf", "a requirement makes its build files itself: write `image: {build-packages: [autoconf, automake, libtool]}`"),
    ("msgfmt", "a requirement compiles translations: write `image: {build-packages: [gettext]}`"),
    (
        "command 'gcc' failed",
        "a requirement needs a C library: name its `-dev` package in `image: {build-packages: […]}` and the library in `packages`",
    ),
    (
        "fatal error: ",
        "a requirement needs a C library: name its `-dev` package in `image: {build-packages: […]}` and the library in `packages`",
    ),
    ("unable to locate package", "Debian has no such package: `apt-cache search` finds its name"),
    ("multiple top-level packages discovered", "setuptools wants to be told in pyproject.toml: `[tool.setuptools] packages = [\"NAME\"]`"),
    (
        "unable to determine which files to ship",
        "hatchling finds no directory of its name: `[tool.hatch.build.targets.wheel] packages = [\"NAME\"]` in pyproject.toml says which",
    ),
    ("setup.py", "a requirement could not be compiled: is there a newer version with a wheel for this Python?"),
];

const NO_SUCH: &str = "check the name, and that the version supports the project's Python (`parity config` shows it). An index of your own is known to the build by \
     PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, UV_INDEX or pip.conf of this machine, and its password by those or by ~/.netrc";
const CONFLICT: &str = "two requirements ask for different versions of the same package: loosen one of them";
const NO_GIT: &str = "requirements that are repositories need git in the build: write `image: {build-packages: [git]}`";
const CREDENTIALS: &str = "the index wants credentials: ~/.netrc (`machine HOST login … password …`), PIP_INDEX_URL, PIP_EXTRA_INDEX_URL and UV_INDEX* of this \
     machine reach the build, and no image";

const UNREACHABLE: &str = "the package index cannot be reached from the build: check the engine's DNS and proxy settings, and the address in the requirement \
     files (`-i`, `--index-url`), PIP_INDEX_URL, UV_INDEX or pip.conf if it is one of your own";

/// Has pip or uv given up on an index? pip goes on to "no matching distribution" then. What was tried again may have gone well.
fn is_unreachable(low: &str) -> bool {
    const NO_CONNECTION: [&str; 8] = [
        "newconnectionerror",
        "nameresolutionerror",
        "connecttimeouterror",
        "readtimeouterror",
        "proxyerror",
        "failed to establish a new connection",
        "connection refused",
        "network is unreachable",
    ];
    let pip = low.contains("no matching distribution found for") || low.contains("max retries exceeded");
    let uv = low.contains("error sending request for url") || low.contains("client error (connect)");
    uv && !low.contains("certificate")
        || pip && !low.contains("certificate_verify_failed") && NO_CONNECTION.iter().any(|sign| low.contains(sign))
}

/// Completes a build's failure with what its output says.
pub fn diagnose(failed: BuildFailed) -> Failure {
    let BuildFailed { mut failure, broken } = failed;
    let Some(broken) = broken.filter(|_| failure.kind == Kind::Build) else { return failure };
    let plain: Vec<String> = broken.output.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
    let relevant = relevant(&plain);
    let task = task(&broken.step);
    if task == HOOK {
        failure.kind = Kind::Hook;
    }
    failure.message = format!("building the image failed: {task}");
    // The engine repeats the whole command; the output says more.
    if !relevant.is_empty() {
        failure.causes.clear();
    }
    let low = plain.join("\n").to_lowercase();
    if low.contains("no space left") {
        failure.kind = Kind::DiskFull;
    }
    failure.details = relevant;
    if matches!(task, HOOK | COLLECTING)
        && let Some(hint) = logs::advice(plain.clone())
    {
        let of_environment = hint.contains("`env:");
        let failure = failure.hint(hint);
        return if of_environment { failure.hint("a value that only the build needs goes under `build-env:`") } else { failure };
    }
    if is_unreachable(&low) {
        return failure.hint(UNREACHABLE);
    }
    let of_requirement = if task == REQUIREMENTS { native::advice(&plain.join("\n")) } else { Vec::new() };
    if !of_requirement.is_empty() && !low.contains("no matching distribution found for") {
        return of_requirement.into_iter().fold(failure, Failure::hint);
    }
    match KNOWN.iter().find(|(sign, _)| low.contains(sign)) {
        Some((_, hint)) => failure.hint(*hint),
        None => failure.hint("`parity build --verbose` shows all of the build's output"),
    }
}

/// The lines that say what went wrong, or the last ones.
fn relevant(output: &[String]) -> Vec<String> {
    if let Some(inner) = inner_output(output).or_else(|| uv_error(output)) {
        return inner;
    }
    let telling = |line: &&String| {
        let low = line.trim_start().to_lowercase();
        ["error", "e: ", "fatal", "× ", "╰─>", "failed"].iter().any(|sign| low.starts_with(sign))
            || low.contains(": error:")
            || low.contains("fatal error:")
            || low.contains("confirming the ssl certificate")
    };
    let mut lines: Vec<String> = output.iter().filter(telling).cloned().collect();
    lines.dedup();
    if lines.is_empty() {
        lines = output.iter().skip(output.len().saturating_sub(TAIL)).cloned().collect();
    }
    let first = lines.len().saturating_sub(TAIL);
    lines.split_off(first).into_iter().map(cut).collect()
}

/// The end of what a package's own build said, which pip quotes between two marks.
fn inner_output(output: &[String]) -> Option<Vec<String>> {
    let begin = output.iter().position(|line| line.contains("lines of output]"))?;
    let end = output.iter().position(|line| line.contains("[end of output]")).unwrap_or(output.len());
    let said = output.get(begin + 1..end)?;
    let package = output[..begin].iter().rev().find(|line| line.contains("error:") || line.contains('×')).cloned();
    let last = said.iter().skip(said.len().saturating_sub(TAIL)).cloned();
    Some(package.into_iter().chain(last).map(cut).collect())
}

/// An error of uv's, with its causes: the last of those may be all that a package's build said.
fn uv_error(output: &[String]) -> Option<Vec<String>> {
    let is_cause = |line: &String| line.trim_start().starts_with("cause: ");
    let begin = output.windows(2).position(|pair| pair[0].starts_with("error: ") && is_cause(&pair[1]))?;
    let block: Vec<&String> = output[begin..].iter().take_while(|line| !line.starts_with("hint: ")).collect();
    let plain = |line: &&String| {
        let text = line.trim();
        let is_frame = text.starts_with('[') && text.ends_with(']') || text.trim_matches('*').is_empty() || text == "!!";
        (!is_frame).then(|| text.to_owned())
    };
    let causes: Vec<String> = block[1..].iter().filter_map(plain).collect();
    let first = causes.len().saturating_sub(TAIL);
    Some(std::iter::once(block[0].clone()).chain(causes[first..].iter().cloned()).map(cut).collect())
}

/// pip lists every version that there is.
fn cut(line: String) -> String {
    if line.chars().count() <= WIDTH { line } else { line.chars().take(WIDTH).chain(['…']).collect() }
}

/// What the step was for, in words.
fn task(step: &str) -> &str {
    let low = step.to_lowercase();
    if ["[runtime ", "[runtime]", "[prepared "].iter().any(|stage| low.contains(stage)) {
        HOOK
    } else if low.contains("-packages ") && low.contains("--no-deps --prefix") {
        "building the project's own packages"
    } else if low.contains("collectstatic") {
        COLLECTING
    } else if low.contains("mod_wsgi==") {
        "compiling mod_wsgi"
    } else if low.contains("/build") || low.contains("-r requirements") || low.contains("uv sync") {
        REQUIREMENTS
    } else if low.contains("apt-get install") {
        "installing Debian packages"
    } else {
        "a step of the Dockerfile"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::build::BuildFailed;

    #[test]
    fn pips_reason_is_shown_and_what_to_do() {
        let output = [
            "Collecting flask==99",
            "ERROR: Could not find a version that satisfies the requirement flask==99 (from versions: 3.0)",
            "ERROR: No matching distribution found for flask==99",
        ];
        let broken = crate::engine::build::Broken {
            step: "[builder 4/5] RUN cd /build; pip install".into(),
            output: output.map(String::from).to_vec(),
        };
        let failure = diagnose(BuildFailed { failure: Failure::new(Kind::Build, "x").cause("long command"), broken: Some(broken) });
        assert_eq!(failure.message, "building the image failed: installing the requirements");
        assert_eq!(failure.details.len(), 2);
        assert!(failure.causes.is_empty());
        assert!(failure.hints[0].contains("check the name"));
    }

    #[test]
    fn an_index_that_cannot_be_reached_is_no_wrong_name() {
        let hint = |output: &[&str]| {
            let output = output.iter().map(|line| (*line).to_owned()).collect();
            let broken = crate::engine::build::Broken { step: "[builder 4/5] RUN cd /build; pip install".into(), output };
            diagnose(BuildFailed { failure: Failure::new(Kind::Build, "x"), broken: Some(broken) }).hints[0].clone()
        };
        let retry = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<…>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/x/";
        let none = "ERROR: No matching distribution found for x==1";
        assert!(hint(&[retry, none]).starts_with("the package index cannot be reached"));
        assert!(
            hint(&["error: Failed to fetch: `https://x/`", "  Caused by: error sending request for url (https://x/)"])
                .starts_with("the package index")
        );
        assert!(hint(&[none]).starts_with("check the name"));
        // It was reached in the end.
        assert!(hint(&[retry, "Collecting lxml", "  ERROR: Failed building wheel for lxml"]).contains("lxml"));
    }

    #[test]
    fn what_uv_says_is_shown_with_its_causes() {
        let diagnosed = |step: &str, output: &str| {
            let broken = crate::engine::build::Broken { step: step.into(), output: output.lines().map(String::from).collect() };
            diagnose(BuildFailed { failure: Failure::new(Kind::Build, "x"), broken: Some(broken) })
        };
        let install = "[builder 4/5] RUN cd /build; uv pip install";
        let failure = diagnosed(
            install,
            "Using Python 3.13\nerror: No solution found when resolving dependencies\n  cause: Because there is no version of flask==99 and you require flask==99, we can conclude that your requirements are unsatisfiable.\n",
        );
        assert!(
            failure.details[1].contains("there is no version of flask==99") && failure.hints[0].starts_with("check the name"),
            "{failure:?}"
        );
        let failure = diagnosed(
            install,
            "error: Git operation failed\n  cause: Git executable not found. Ensure that Git is installed and available.\n",
        );
        assert!(failure.hints[0].contains("build-packages: [git]"), "{failure:?}");
        for (said, package) in [("sh: 1: autoreconf: not found", "autoconf"), ("No such file or directory: 'msgfmt'", "gettext")] {
            let failure = diagnosed(install, &format!("error: Failed to build `x`\n  cause: {said}\n  cause: setup.py failed\n"));
            assert!(failure.hints[0].contains(package), "{failure:?}");
        }
        let failure = diagnosed(
            "[own-packages 3/3] RUN set -e; uv pip install --no-deps --prefix /opt/packages -e '/app'",
            "error: Failed to build `x`\n  cause: The build backend returned an error\n  cause: Call to `x` failed (exit status: 1)\n         [stderr]\n         ValueError: no\nhint: Build failures\n",
        );
        assert_eq!(failure.message, "building the image failed: building the project's own packages");
        assert_eq!(failure.details.last().map(String::as_str), Some("ValueError: no"));
        let failure = diagnosed("[prepared 5/5] RUN /bin/sh -ec pip install x", "/bin/sh: 1: pip: not found");
        assert!(failure.kind == Kind::Hook && failure.hints[0].contains("no pip"), "{failure:?}");
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_the_reason_although_pip_ends_with_another() {
        let output = [
            "WARNING: Retrying (Retry(total=0)): SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] x'))': /simple/x/",
            "Could not fetch URL https://x: There was a problem confirming the ssl certificate: CERTIFICATE_VERIFY_FAILED - skipping",
            "ERROR: No matching distribution found for mod_wsgi==6.1.1",
        ];
        let broken = crate::engine::build::Broken { step: "[builder 3/5] RUN x".into(), output: output.map(String::from).to_vec() };
        let failure = diagnose(BuildFailed { failure: Failure::new(Kind::Build, "x"), broken: Some(broken) });
        assert!(failure.hints[0].contains("a proxy intercepts TLS"), "{:?}", failure.hints);
        assert_eq!(failure.details.len(), 2);
    }

    #[test]
    fn a_value_that_is_missing_is_named_with_the_line_to_write() {
        let output = ["Traceback (most recent call last):", "  File \"<frozen os>\", line 717, in __getitem__", "KeyError: 'SECRET_KEY'"];
        for (step, kind) in
            [("[production 4/4] RUN … collectstatic.py", Kind::Build), ("[runtime 3/3] RUN pip install -r requirements.txt", Kind::Hook)]
        {
            let broken = crate::engine::build::Broken { step: step.into(), output: output.map(String::from).to_vec() };
            let failure = diagnose(BuildFailed { failure: Failure::new(Kind::Build, "x"), broken: Some(broken) });
            assert_eq!(failure.kind, kind);
            assert!(
                failure.hints[0].contains("`env: {SECRET_KEY: …}`") && failure.hints[1].contains("`build-env:`"),
                "{:?}",
                failure.hints
            );
        }
    }

    #[test]
    fn without_a_telling_line_the_last_ones_are_shown() {
        let output: Vec<String> = (0..50).map(|n| format!("line {n}")).collect();
        let lines = relevant(&output);
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (TAIL, Some("line 49")));
    }
}
