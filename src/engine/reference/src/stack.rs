//! Where deep work runs. Assembler, executor and prover recurse and keep large futures; the threads
//! of a server may be small. A thread of our own a call costs microseconds against milliseconds.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::abi::panic_text;
use crate::failure::Failure;

/// Address space; memory is only taken for what is used.
pub const STACK_BYTES: usize = 64 << 20;

pub fn on_deep_stack<T: Send>(
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("engine".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| {
                Failure::new(3, "NoThread", format!("cannot start a thread: {error}"))
            })?;
        worker.join().unwrap_or_else(|panic| Err(Failure::panic(panic_text(panic.as_ref()))))
    })
}

/// Drives a future on this thread. Those of the crates only wait in what a data source answers, and
/// ours answers at once (spec/engine.md §1.2), so they are ready at the first poll.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
