//! Which images of a project are kept: the one that serves, and some that have served before, for whoever goes back to them.

use super::{names, repository};
use crate::engine::Engine;
use crate::engine::image::Found;
use crate::error::Result;
use crate::events::{Event, Report};
use crate::plan::Plan;

/// Notes that a project has use for an image: no other project's cleaning takes it away then.
///
/// # Errors
/// The engine's.
pub async fn claim(engine: &Engine, plan: &Plan, image: &str) -> Result<()> {
    if !names::is_runtime(image) {
        return Ok(());
    }
    engine.tag(image, &names::served(&repository(plan), image)).await
}

/// The same, and removes those that have served the project longest ago, as many as are more than `keep-images`. One that a
/// container has, or that somebody has given a name, stays. What cannot be removed is left to the next time.
pub async fn keep(engine: &Engine, plan: &Plan, image: &str, report: &dyn Report) {
    if names::is_runtime(image) {
        let _ = remove_superseded(engine, plan, image, report).await;
    }
}

async fn remove_superseded(engine: &Engine, plan: &Plan, image: &str, report: &dyn Report) -> Result<()> {
    claim(engine, plan, image).await?;
    let all = engine.images_named(&format!("{}*", names::all_served(&repository(plan)))).await?;
    let current = names::served(&repository(plan), image);
    let most = usize::try_from(*plan.keep_images).unwrap_or(usize::MAX);
    if all.len().saturating_sub(1) <= most {
        return Ok(());
    }
    let mut before = Vec::new();
    for name in all.into_iter().filter(|name| *name != current) {
        before.extend(engine.image(&name).await?.map(|found| (name, found)));
    }
    let used = engine.images_of_containers().await?;
    for (name, found) in superseded(before, most) {
        if !used.contains(&found.id) && remove(engine, &name, &found).await? {
            let text = format!("removed the image {} that served before (`keep-images: {most}`)", title(&found));
            report.report(Event::Note { text });
        }
    }
    Ok(())
}

/// Those that are too many: all but the ones that were used last. One with a name of somebody else's does not count.
fn superseded(mut before: Vec<(String, Found)>, most: usize) -> Vec<(String, Found)> {
    before.retain(|(_, found)| names::are_all_ours(&found.names));
    before.sort_by_key(|(_, found)| std::cmp::Reverse(found.tagged.or(found.created)));
    before.split_off(most.min(before.len()))
}

/// Removes an image, and those that add a debugger to it. One that another project has use for only loses this project's name:
/// `false`.
async fn remove(engine: &Engine, name: &str, found: &Found) -> Result<bool> {
    if found.names.iter().any(|other| other != name && names::is_served(other)) {
        engine.remove_name(name).await?;
        return Ok(false);
    }
    for with_debugger in engine.images_named(&format!("{}*", names::with_debuggers(title(found)))).await? {
        // One in use stays.
        let _ = engine.remove_name(&with_debugger).await;
    }
    for name in &found.names {
        engine.remove_name(name).await?;
    }
    Ok(true)
}

/// The name that people know it by.
fn title(found: &Found) -> &str {
    found.names.iter().find(|name| names::is_runtime(name)).map_or(&found.id, String::as_str)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn the_ones_used_last_stay_and_so_do_those_that_somebody_has_named() {
        let image = |number: u8, tagged: i64, other: Option<&str>| {
            let served = format!("localhost/parity-x-0a1b2c3d:up-{number:016x}");
            let names = [served.clone()].into_iter().chain(other.map(String::from)).collect();
            (served, Found { names, tagged: OffsetDateTime::from_unix_timestamp(tagged).ok(), ..Found::default() })
        };
        let before = vec![image(1, 50, None), image(2, 10, None), image(3, 60, None), image(4, 5, Some("mine:1")), image(5, 40, None)];
        let removed =
            |most| superseded(before.clone(), most).into_iter().map(|(name, _)| name.as_bytes()[name.len() - 1] - b'0').collect::<Vec<_>>();
        assert_eq!(removed(2), [5, 2]);
        assert_eq!(removed(0), [3, 1, 5, 2]);
        assert!(removed(4).is_empty());
        assert!(removed(9).is_empty());
    }
}
