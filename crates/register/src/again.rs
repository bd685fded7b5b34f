//! Transactions that the database broke off because of another one.

use std::time::Duration;

use doorstep_store::StoreError;

use crate::{Context, Error};

/// How often it is tried again: of transactions that are in each other's way one goes
/// through each time, and more than a few never are.
const TIMES: u32 = 3;
/// The longest that is waited the first time; twice as long each time after.
const WAIT: Duration = Duration::from_millis(20);

/// [`again`] of what was already tried once, with others: no more often in all.
pub(crate) async fn again_alone<T, F: Future<Output = Result<T, Error>>>(
    context: &Context,
    work: impl Fn() -> F,
) -> Result<T, Error> {
    up_to(TIMES - 1, context, work).await
}

/// Does the work, and does it again when the database broke it off. Only work of
/// which nothing is left unless it commits may be done so.
pub(crate) async fn again<T, F: Future<Output = Result<T, Error>>>(
    context: &Context,
    work: impl Fn() -> F,
) -> Result<T, Error> {
    up_to(TIMES, context, work).await
}

async fn up_to<T, F: Future<Output = Result<T, Error>>>(
    times: u32,
    context: &Context,
    work: impl Fn() -> F,
) -> Result<T, Error> {
    for time in 0..times {
        match work().await {
            Err(Error::Failed(StoreError::BrokenOff(_))) => {}
            ended => return ended,
        }
        // By chance, or those that met would meet again.
        let mut random = [0; 2];
        context.entropy.fill(&mut random);
        let part = f64::from(u16::from_be_bytes(random)) / f64::from(u16::MAX);
        tokio::time::sleep((WAIT * 2_u32.pow(time)).mul_f64(part)).await;
    }
    work().await
}
