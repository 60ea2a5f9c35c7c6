//! The campaign's walk (benches/chaos): the same seed walks the same way, everywhere, and meets everything.

#[path = "../benches/chaos/random.rs"]
mod random;
#[path = "../benches/chaos/walk.rs"]
mod walk;

use std::collections::BTreeSet;

use random::Random;
use walk::{Engine, Expected, Step, World};

fn walk(seed: u64, steps: usize) -> Vec<(Step, World)> {
    let (mut random, mut world) = (Random::new(seed), World::default());
    let step = |_| {
        let step = world.choose(&mut random);
        world.take(step);
        (step, world.clone())
    };
    (0..steps).map(step).collect()
}

#[test]
fn a_seed_decides_the_walk() {
    assert_eq!(walk(7, 500), walk(7, 500));
    assert_ne!(walk(7, 20), walk(8, 20));
}

#[test]
fn a_walk_meets_everything_and_comes_back() {
    let walked = walk(1, 3000);
    let kinds: BTreeSet<String> = walked.iter().map(|(step, _)| step.kind()).collect();
    for kind in [
        "save rename",
        "break exits",
        "git switch",
        "kill firstterminal",
        "kill agent",
        "kill daemon",
        "kill apacheparent",
        "docker kill",
        "docker stop",
        "docker remove",
        "docker restart",
        "docker pause, unpause",
        "filldisk",
        "chmod 000",
        "damagelock fifo",
        "damageyaml garbage",
        "engine cut",
        "engine stalled",
        "clock jump",
        "openterminal",
        "ctrl-c",
        "type smoke",
        "type down, ctrl-c",
    ] {
        assert!(kinds.contains(kind), "{kind} is not in {kinds:?}");
    }
    let count = |is: fn(&World) -> bool| walked.iter().filter(|(_, world)| is(world)).count();
    assert!(count(|world| matches!(world.expected(), Expected::Page { .. })) > walked.len() / 3);
    assert!(count(|world| world.engine != Engine::Open) < walked.len() / 4);
}

#[test]
fn troubles_do_not_pile_up() {
    for (_, world) in walk(3, 3000) {
        let troubles = [world.full, world.forbidden, world.lock.is_some(), world.yaml.is_some(), world.engine != Engine::Open]
            .into_iter()
            .filter(|is| *is);
        assert!(troubles.count() <= 2, "{world:?}");
        assert_eq!(world.calm().expected(), Expected::Page { page: world.page, parts: world.parts });
    }
}
