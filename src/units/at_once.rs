//! Work that is done several at a time.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::Semaphore;

/// Results that are kept until the one before them is there.
const AHEAD: usize = 64;

/// Runs `jobs` of these at a time, begins them in their order and gives their results in it. Unlike with `buffered`, one that takes its
/// time does not hold up the beginning of those after it.
pub fn in_order<F: Future>(work: impl Iterator<Item = F>, jobs: usize) -> impl Stream<Item = F::Output> {
    let permits = Arc::new(Semaphore::new(jobs.max(1)));
    // They are given in the order in which they are asked for.
    let one = move |work: F| {
        let permits = Arc::clone(&permits);
        async move {
            let _permit = permits.acquire().await;
            work.await
        }
    };
    stream::iter(work).map(one).buffered(jobs + AHEAD)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[tokio::test]
    async fn one_that_is_slow_holds_up_no_other() {
        let (running, most, begun, others) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()), Cell::new(0));
        let work = |number: u64| {
            let (running, most, begun, others) = (&running, &most, &begun, &others);
            async move {
                begun.borrow_mut().push(number);
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                tokio::task::yield_now().await;
                // The first one takes as long as all the others together.
                while number == 0 && others.get() < 19 {
                    tokio::task::yield_now().await;
                }
                others.set(others.get() + 1);
                running.set(running.get() - 1);
                number
            }
        };
        let done: Vec<u64> = in_order((0..20).map(work), 2).collect().await;
        assert_eq!(done, (0..20).collect::<Vec<_>>());
        assert_eq!((begun.into_inner(), most.get()), (done, 2));
    }
}
