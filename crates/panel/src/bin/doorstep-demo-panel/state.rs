//! What the panel knows while it runs.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use doorstep_panel::{Account, Credential, Error, Panel, Registrant, Verifier};

use crate::{customer::Customer, settings::Settings};

/// A demo that someone left open should not grow for ever.
const MOST_CUSTOMERS: usize = 10_000;

/// The panel: its client of the server, and its customers' accounts there.
pub(crate) struct Demo {
    pub(crate) panel: Panel,
    pub(crate) provider_server: String,
    /// Of the panel's own pages.
    origin: String,
    connections: Mutex<HashMap<Customer, Connection>>,
    /// Of customers whose credential the panel will claim.
    verifiers: Mutex<HashMap<Customer, Verifier>>,
    visitors: AtomicU32,
}

/// A customer's account, and the credential with which the panel uses it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) credential: Credential,
    pub(crate) account: Account,
}

impl Demo {
    pub(crate) fn new(settings: &Settings, origin: String) -> Result<Self, Error> {
        Ok(Self {
            panel: Panel::new(
                &settings.server,
                settings.client.client_id.clone(),
                settings.client.client_secret.clone(),
            )?,
            provider_server: settings.provider_server.clone(),
            origin,
            connections: Mutex::default(),
            verifiers: Mutex::default(),
            visitors: AtomicU32::new(1),
        })
    }

    /// The script tag for the customer's own page, with a token that is good for
    /// that customer on that page.
    ///
    /// With `claims` the credential will come to [`Self::claim`] and not to the
    /// page.
    pub(crate) async fn form(&self, customer: &Customer, claims: bool) -> Result<String, Error> {
        let mut person =
            Registrant::new(&self.provider_server, customer.as_str()).origin(&self.origin);
        if claims {
            let mut verifiers = self.verifiers();
            if verifiers.len() >= MOST_CUSTOMERS {
                verifiers.clear();
            }
            // One for all page views of the customer: any of them can be the one
            // that signs up.
            let verifier = verifiers.entry(customer.clone()).or_insert_with(Verifier::random);
            person = person.claimed_with(verifier);
        }
        let token = self.panel.sign_up_token(&person).await?;
        Ok(self.panel.embed(&token).fields("company_name country").order("").html())
    }

    /// The customer's connection, if there is one.
    pub(crate) fn connection(&self, customer: &Customer) -> Option<Connection> {
        self.connections().get(customer).cloned()
    }

    /// Proves the credential by using it, then keeps it for the customer.
    pub(crate) async fn connect(
        &self,
        customer: Customer,
        credential: Credential,
    ) -> Result<Account, Error> {
        let account = self.panel.account(&credential).await?;
        let mut connections = self.connections();
        if connections.len() >= MOST_CUSTOMERS {
            connections.clear();
        }
        connections.insert(customer, Connection { credential, account: account.clone() });
        Ok(account)
    }

    /// Exchanges the code that the customer's page got, and keeps the credential.
    pub(crate) async fn claim(&self, customer: Customer, code: &str) -> Result<Account, Error> {
        let kept = self.verifiers().get(&customer).map(|it| it.secret().to_owned());
        let verifier = kept.map(Verifier::from_stored).ok_or(Error::ClaimRefused)?;
        let credential = self.panel.claim(code, &verifier).await?;
        let account = self.connect(customer.clone(), credential).await?;
        self.verifiers().remove(&customer);
        Ok(account)
    }

    /// A username that no sign-up has used, also after a restart.
    pub(crate) fn visitor(&self) -> String {
        let number = self.visitors.fetch_add(1, Ordering::Relaxed);
        format!("dev-{}-{number}", std::process::id())
    }

    fn verifiers(&self) -> MutexGuard<'_, HashMap<Customer, Verifier>> {
        self.verifiers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<Customer, Connection>> {
        // Each entry is whole at any moment, so a panic elsewhere leaves no half of one.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
