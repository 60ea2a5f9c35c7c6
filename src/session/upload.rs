//! The project where it cannot be mounted: its files are uploaded into the container's memory.

use crate::engine::Engine;
use crate::engine::build::project_archive;
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::project::contents::{Purpose, Selection, survey};
use crate::units::layout;

pub fn is_wanted(plan: &Plan) -> bool {
    plan.reload.as_ref().is_some_and(|reload| *reload.sync)
}

/// Unpacks the project, and takes away what an earlier upload brought and this one does not: deleted while nobody told the
/// container. What the application wrote itself stays. The list of what was uploaded is the mark that the container's start
/// script waits for; the agent adds to it.
const UNPACK: &str = r#"
export LC_ALL=C
cd "$1" && tar -xv --quoting-style=literal >"$2.names" && sort -u "$2.names" >"$2.new" || exit
if [ -e "$2" ]; then
    sort -u "$2" | comm -23 - "$2.new" | sort -r | while IFS= read -r name; do
        case $name in
            */) rmdir "$name" 2>/dev/null || : ;;
            *) rm -f "$name" ;;
        esac
    done
fi
mv "$2.new" "$2"
"#;

/// Uploads all of the project.
///
/// # Errors
/// Files that cannot be read, and the engine's.
pub async fn upload(engine: &Engine, container: &str, plan: &Plan) -> Result<()> {
    let contents = survey(&plan.root, &Selection { purpose: Purpose::Upload, ..Selection::default() })?;
    let archive =
        project_archive(&contents).map_err(|error| Failure::new(Kind::Other, "the project's files cannot be read").caused_by(&error))?;
    let list = format!("{}/uploaded", layout::RUN);
    let argv = ["/bin/sh", "-c", UNPACK, "sh", layout::APP, &list].map(String::from).to_vec();
    match engine.run_to_the_end(container, argv, &archive).await? {
        (0, _) => Ok(()),
        (code, said) => Err(Failure::new(Kind::Other, format!("the project cannot be uploaded: exit code {code}")).details(said.lines())),
    }
}
