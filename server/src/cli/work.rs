//! `doorstep work`

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::serve::{follow_keys, hang_up, watch_signals};
use crate::{
    config::{Driver, Settings},
    jobs::Runner,
    webhooks::Relay,
};

/// Works jobs off until a signal ends it.
pub(super) async fn run(settings: Settings, json: bool) -> Result<(), String> {
    if settings.provisioning.driver == Driver::Webhook && settings.server.public_url.is_none() {
        return Err(
            "set server.public_url (DOORSTEP_PUBLIC_URL): the provisioner answers there".to_owned()
        );
    }
    if settings.mail.is_on() && settings.server.public_url.is_none() {
        return Err(
            "set server.public_url (DOORSTEP_PUBLIC_URL): the links in mails lead there".to_owned()
        );
    }
    let context = super::open(&settings).await?;
    let follower = tokio::spawn(follow_keys(context.clone(), hang_up()?));
    let stop = CancellationToken::new();
    watch_signals(CancellationToken::new(), Duration::ZERO, stop.clone())?;
    if json {
        println!("{}", json!({ "working": true }));
    } else {
        println!("Doorstep works off the jobs of its database. Ctrl-C stops it.");
    }
    let relay = tokio::spawn(Relay::new(&context, &settings, stop.clone()).run());
    Runner::new(&context, &settings).run(stop).await;
    let _ = relay.await;
    follower.abort();
    context.store.close().await;
    tracing::info!("stopped");
    Ok(())
}
