//! The campaign (benches/chaos): the same seed walks the same way, everywhere, and meets everything; and what the oracle sees without an engine.

#[path = "../benches/chaos/images.rs"]
mod images;
#[path = "../benches/chaos/random.rs"]
mod random;
#[path = "../benches/chaos/walk.rs"]
mod walk;

use std::collections::BTreeSet;

use images::too_many;
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
        "changeimage",
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
    assert!(walked.iter().any(|(step, _)| step.loses_nothing()) && !walked.iter().all(|(step, _)| step.loses_nothing()));
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

#[test]
fn one_image_too_many_is_seen() {
    let name = |digit: char| format!("localhost/parity-shop-0a1b2c3d:up-{}", digit.to_string().repeat(16));
    let names: Vec<String> = "abc".chars().map(name).collect();
    let used = [format!("localhost/parity:{}", "b".repeat(16))];
    assert_eq!(too_many(&names, &used, 2), None);
    let told = too_many(&names, &used, 1).unwrap();
    assert!(told.contains(&names[0]) && told.contains(&names[2]) && !told.contains(&names[1]), "{told}");
    // While none serves, one of them is about to.
    assert_eq!(too_many(&names, &[], 2), None);
    assert!(too_many(&names, &[], 1).is_some());
    // One that has no name of its own among them counts for nothing.
    assert!(too_many(&names, &["localhost/parity:dddddddddddddddd".into()], 2).is_some());
}
