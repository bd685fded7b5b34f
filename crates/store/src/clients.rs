//! OAuth clients, their servers and their origins.

use doorstep_accounts::{Client, Scopes, SecretHash, Timestamp};

use crate::{
    Conn, StoreError, all,
    client_secrets::{keys, keys_text},
    exec, one,
};

/// A client to add.
#[derive(Debug)]
pub struct NewClient<'a> {
    /// The client.
    pub client: &'a Client,
    /// The hash of its secret, if it has one.
    pub secret: Option<&'a SecretHash>,
}

#[derive(sqlx::FromRow)]
struct ClientRow {
    id: String,
    name: String,
    jwks: Option<String>,
    scopes: String,
    created_at: i64,
    disabled_at: Option<i64>,
}

impl Conn<'_> {
    /// Adds a client with its origins. Servers are assigned one by one, for
    /// each can be refused: see [`Conn::assign_server`].
    pub async fn add_client(&mut self, new: &NewClient<'_>) -> Result<(), StoreError> {
        let client = new.client;
        exec!(
            self,
            "INSERT INTO clients (id, name, secret, scopes, created_at, disabled_at, jwks)
             VALUES ($1, $2, '', $3, $4, $5, $6)",
            &client.id,
            &client.name,
            client.scopes.to_string(),
            client.created_at.0,
            client.disabled_at.map(|at| at.0),
            keys_text(&client.keys),
        );
        if let Some(secret) = new.secret {
            self.add_secret(&client.id, secret, client.created_at).await?;
        }
        for origin in &client.origins {
            exec!(
                self,
                "INSERT INTO client_origins (client_id, origin) VALUES ($1, $2)
                 ON CONFLICT (client_id, origin) DO NOTHING",
                &client.id,
                origin,
            );
        }
        Ok(())
    }

    /// Assigns a provider server to a client. `false`: another client that is
    /// switched on has it.
    pub async fn assign_server(
        &mut self,
        client_id: &str,
        server_key: &str,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "INSERT INTO client_servers (server_key, client_id) VALUES ($1, $2)
             ON CONFLICT (server_key) DO UPDATE SET client_id = excluded.client_id
             WHERE client_servers.client_id = excluded.client_id
                OR EXISTS (SELECT 1 FROM clients c
                           WHERE c.id = client_servers.client_id AND c.disabled_at IS NOT NULL)",
            server_key,
            client_id,
        );
        Ok(written == 1)
    }

    /// The client that a provider server is assigned to.
    pub async fn server_owner(&mut self, server_key: &str) -> Result<Option<String>, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT client_id FROM client_servers WHERE server_key = $1",
            server_key,
        );
        Ok(row.map(|(client_id,)| client_id))
    }

    /// Whether any server is assigned to the client.
    pub async fn has_servers(&mut self, client_id: &str) -> Result<bool, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT client_id FROM client_servers WHERE client_id = $1 LIMIT 1",
            client_id,
        );
        Ok(row.is_some())
    }

    /// Whether pages of this origin may use the client's tokens.
    pub async fn has_origin(&mut self, client_id: &str, origin: &str) -> Result<bool, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT origin FROM client_origins WHERE client_id = $1 AND origin = $2",
            client_id,
            origin,
        );
        Ok(row.is_some())
    }

    /// Whether any client that is switched on has the origin.
    pub async fn origin_is_known(&mut self, origin: &str) -> Result<bool, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT o.origin FROM client_origins o JOIN clients c ON c.id = o.client_id
             WHERE o.origin = $1 AND c.disabled_at IS NULL LIMIT 1",
            origin,
        );
        Ok(row.is_some())
    }

    /// A client by its id.
    pub async fn client(&mut self, id: &str) -> Result<Option<Client>, StoreError> {
        let row = one!(
            self,
            ClientRow,
            "SELECT id, name, jwks, scopes, created_at, disabled_at FROM clients WHERE id = $1",
            id,
        );
        match row {
            Some(row) => self.with_lists(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// All clients, oldest first.
    pub async fn clients(&mut self) -> Result<Vec<Client>, StoreError> {
        let rows = all!(
            self,
            ClientRow,
            "SELECT id, name, jwks, scopes, created_at, disabled_at FROM clients
             ORDER BY created_at, id",
        );
        let mut clients = Vec::with_capacity(rows.len());
        for row in rows {
            clients.push(self.with_lists(row).await?);
        }
        Ok(clients)
    }

    /// Switches a client off. Its tokens stop working with it. `false`: there is
    /// no such client.
    pub async fn disable_client(&mut self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE clients SET disabled_at = COALESCE(disabled_at, $1) WHERE id = $2",
            now.0,
            id,
        );
        Ok(written == 1)
    }

    async fn with_lists(&mut self, row: ClientRow) -> Result<Client, StoreError> {
        let servers = all!(
            self,
            (String,),
            "SELECT server_key FROM client_servers WHERE client_id = $1 ORDER BY server_key",
            &row.id,
        );
        let own = one!(
            self,
            (String,),
            "SELECT server_key FROM publishable_clients WHERE client_id = $1",
            &row.id,
        );
        let origins = all!(
            self,
            (String,),
            "SELECT origin FROM client_origins WHERE client_id = $1 ORDER BY origin",
            &row.id,
        );
        Ok(Client {
            secrets: self.secrets(&row.id).await?,
            keys: keys(row.jwks.as_deref())?,
            scopes: scopes(&row.scopes)?,
            id: row.id,
            name: row.name,
            publishable: own.is_some(),
            provider_servers: own.into_iter().chain(servers).map(|(server,)| server).collect(),
            origins: origins.into_iter().map(|(origin,)| origin).collect(),
            created_at: Timestamp(row.created_at),
            disabled_at: row.disabled_at.map(Timestamp),
        })
    }
}

/// Reads a stored list of scopes.
pub(crate) fn scopes(text: &str) -> Result<Scopes, StoreError> {
    Scopes::parse(text).map_err(|_| StoreError::Corrupt { what: "a list of scopes" })
}
