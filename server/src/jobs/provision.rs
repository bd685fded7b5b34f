//! Bringing up the project of an order, by the driver that the operator has chosen.

use std::sync::Arc;

use doorstep_accounts::{
    JobKind,
    order::{Failure, FailureCode, Order},
};
use doorstep_register::{
    Assignment, Begun, Context, Settled, Speaker, begin_order, complete_order, fail_order,
    wait_for_answer,
};
use doorstep_store::Lease;
use serde_json::{Value, json};

use super::{Ended, Failed, WORKER_LOST, Work, Working, directory::Directory, webhook::Webhook};
use crate::{
    config::{Driver as Choice, Provisioning},
    failpoint,
};

/// The work on orders.
pub(crate) struct Provision {
    context: Context,
    driver: Driver,
    link: Option<String>,
    answer_seconds: i64,
}

/// Who makes projects.
enum Driver {
    Directory(Arc<Directory>),
    Webhook(Box<Webhook>),
}

/// What a driver did.
#[derive(Debug)]
pub(super) enum Made {
    /// The project is there.
    Done {
        /// Where, if the driver knows.
        link: Option<String>,
    },
    /// Somebody makes it, and will say so.
    Accepted,
}

/// Why a driver did nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It would not help to try again.
    Final(Failure),
    /// It may help, and this is what the operator should know.
    Passing(String),
}

impl Provision {
    /// By the driver that is set; `None` without one: the orders are left to processes
    /// that have one.
    pub(super) fn new(
        context: &Context,
        settings: &Provisioning,
        public_url: &str,
    ) -> Option<Self> {
        let driver = match settings.driver {
            Choice::None => return None,
            Choice::Directory => Driver::Directory(Arc::new(Directory::new(settings))),
            Choice::Webhook => {
                Driver::Webhook(Box::new(Webhook::new(context, settings, public_url)))
            }
        };
        Some(Self {
            context: context.clone(),
            driver,
            link: settings.link.clone(),
            answer_seconds: settings.answer_seconds,
        })
    }

    async fn work(&self, lease: &Lease) -> Result<Ended, Failed> {
        let assignment = match begin_order(&self.context, lease).await? {
            Begun::Lost => return Ok(Ended::Lost),
            Begun::Over => return Ok(Ended::Settled),
            Begun::Overdue(order) => return self.fail(lease, &order, FailureCode::Silent).await,
            Begun::Unreadable(order) => {
                return self.fail(lease, &order, FailureCode::SecretsGone).await;
            }
            Begun::Go(assignment) => assignment,
        };
        failpoint::at("begun");
        let made = match &self.driver {
            Driver::Directory(directory) => directory.make(&assignment).await,
            Driver::Webhook(webhook) => webhook.make(&assignment).await,
        };
        failpoint::at("made");
        let order = &assignment.order;
        let settled = match made {
            Ok(Made::Done { link }) => {
                let link = link.or_else(|| self.link_to(&assignment));
                let speaker = Speaker::Worker(lease);
                complete_order(&self.context, speaker, &order.id, link.as_deref()).await?
            }
            Ok(Made::Accepted) => {
                let until = self.context.clock.now().plus_seconds(self.answer_seconds);
                wait_for_answer(&self.context, lease, order, until).await?
            }
            Err(Trouble::Final(failure)) => return self.fail(lease, order, failure).await,
            Err(Trouble::Passing(reason)) => return Err(Failed(reason)),
        };
        failpoint::at("settled");
        Ok(ended(settled))
    }

    async fn fail(
        &self,
        lease: &Lease,
        order: &Order,
        failure: impl Into<Failure>,
    ) -> Result<Ended, Failed> {
        let speaker = Speaker::Worker(lease);
        let failure = failure.into();
        Ok(ended(fail_order(&self.context, speaker, &order.id, failure, None).await?))
    }

    /// Where the operator says that projects are.
    fn link_to(&self, assignment: &Assignment) -> Option<String> {
        let link = self.link.as_deref()?;
        let id = assignment.project_id.to_string();
        Some(link.replace("{id}", &id).replace("{order}", &assignment.order.id))
    }
}

const fn ended(settled: Settled) -> Ended {
    match settled {
        Settled::Written => Ended::Settled,
        Settled::Lost => Ended::Lost,
    }
}

impl Work for Provision {
    fn kind(&self) -> JobKind {
        JobKind::Provision
    }

    fn run<'a>(&'a self, lease: &'a Lease) -> Working<'a, Result<Ended, Failed>> {
        Box::pin(self.work(lease))
    }

    fn give_up<'a>(
        &'a self,
        lease: &'a Lease,
        reason: &'a str,
    ) -> Working<'a, Result<bool, Failed>> {
        let code = match &self.driver {
            _ if reason == WORKER_LOST => FailureCode::Lost,
            Driver::Directory(_) => FailureCode::Storage,
            Driver::Webhook(_) => FailureCode::Unreachable,
        };
        Box::pin(async move {
            let id = lease.payload.get("order").and_then(Value::as_str).unwrap_or_default();
            let speaker = Speaker::Worker(lease);
            let settled = fail_order(&self.context, speaker, id, code.into(), Some(reason)).await?;
            Ok(settled == Settled::Written)
        })
    }
}

/// What a driver is told of an order, without its secrets. It is the same at every try.
pub(super) fn manifest(assignment: &Assignment) -> Value {
    let Assignment { order, project_id, secrets: _ } = assignment;
    let member = |name: &str| order.document.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "version": 1,
        "order": { "id": order.id, "created_at": order.created_at.seconds() },
        "project": { "id": project_id, "name": order.project_name },
        "user": { "id": order.user_id },
        "location": { "id": order.location.0, "name": order.location.1 },
        "skip_ssh": member("skip_ssh"),
        "containers": member("containers"),
    })
}

/// The secrets of an order.
pub(super) fn secrets(assignment: &Assignment) -> Value {
    let secrets = assignment.secrets.iter().map(|secret| {
        json!({ "container": secret.container, "key": secret.key, "value": secret.value.expose() })
    });
    Value::Array(secrets.collect())
}
