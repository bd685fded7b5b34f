//! Orders and their changes.

use doorstep_accounts::{
    Timestamp,
    order::{Failure, FailureCode, Order, OrderChange, OrderState},
};

use crate::{Conn, StoreError, all, document, exec, object, one};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    user_id: i64,
    state: String,
    revision: i64,
    failure_code: Option<String>,
    failure: Option<String>,
    project_name: String,
    location_id: i64,
    location_name: String,
    document: String,
    sealed: Option<String>,
    containers: i64,
    run: i64,
    job_id: Option<String>,
    project_id: Option<i64>,
    link: Option<String>,
    created_at: i64,
    updated_at: i64,
}

const WHAT: &str = "an order";

fn read_state(text: &str) -> Result<OrderState, StoreError> {
    OrderState::parse(text).ok_or(StoreError::Corrupt { what: WHAT })
}

fn read_failure(
    code: Option<String>,
    message: Option<String>,
) -> Result<Option<Failure>, StoreError> {
    let Some(code) = code else { return Ok(None) };
    let code = FailureCode::parse(&code).ok_or(StoreError::Corrupt { what: WHAT })?;
    let message = message.unwrap_or_else(|| code.message().to_owned());
    Ok(Some(Failure { code, message }))
}

impl TryFrom<Row> for Order {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            user_id: row.user_id,
            state: read_state(&row.state)?,
            revision: row.revision,
            failure: read_failure(row.failure_code, row.failure)?,
            project_name: row.project_name,
            location: (row.location_id, row.location_name),
            document: object(&row.document, WHAT)?,
            sealed: row.sealed,
            containers: row.containers,
            run: row.run,
            job_id: row.job_id,
            project_id: row.project_id,
            link: row.link,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// A query for orders, with the rest of its text.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.user_id, o.state, o.revision, o.failure_code, o.failure,
                    o.project_name, o.location_id, o.location_name, o.document, o.sealed,
                    o.containers, o.run, o.job_id, o.project_id, p.link, o.created_at,
                    o.updated_at
             FROM orders o LEFT JOIN projects p ON p.order_id = o.id ",
            $rest
        )
    };
}

impl Conn<'_> {
    /// Adds an order, with its first change.
    pub async fn add_order(&mut self, order: &Order) -> Result<(), StoreError> {
        let (location_id, location_name) = &order.location;
        exec!(
            self,
            "INSERT INTO orders (id, user_id, state, revision, project_name, location_id,
                                 location_name, document, sealed, containers, run, job_id,
                                 created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
            &order.id,
            order.user_id,
            order.state.name(),
            order.revision,
            &order.project_name,
            *location_id,
            location_name,
            document(&order.document),
            order.sealed.as_deref(),
            order.containers,
            order.run,
            order.job_id.as_deref(),
            order.created_at.0,
        );
        self.add_order_change(order, None).await
    }

    /// An order by its id.
    pub async fn order(&mut self, id: &str) -> Result<Option<Order>, StoreError> {
        let row = one!(self, Row, select!("WHERE o.id = $1"), id);
        row.map(Order::try_from).transpose()
    }

    /// A user's order.
    pub async fn order_of(&mut self, user_id: i64, id: &str) -> Result<Option<Order>, StoreError> {
        let row = one!(self, Row, select!("WHERE o.id = $1 AND o.user_id = $2"), id, user_id);
        row.map(Order::try_from).transpose()
    }

    /// A page of a user's orders, newest first, and how many there are.
    pub async fn orders_of(
        &mut self,
        user_id: i64,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<Order>, i64), StoreError> {
        let count = one!(self, (i64,), "SELECT COUNT(*) FROM orders WHERE user_id = $1", user_id);
        let rows = all!(
            self,
            Row,
            select!(
                "WHERE o.user_id = $1 ORDER BY o.created_at DESC, o.id DESC LIMIT $2 OFFSET $3"
            ),
            user_id,
            limit,
            offset,
        );
        let orders = rows.into_iter().map(Order::try_from).collect::<Result<_, _>>()?;
        Ok((orders, count.map_or(0, |(count,)| count)))
    }

    /// Writes an order's next state, which is the revision after the one that is there,
    /// and notes the change. `false`: somebody else wrote it in between.
    pub async fn change_order(
        &mut self,
        order: &Order,
        note: Option<&str>,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE orders SET state = $1, revision = $2, failure_code = $3, failure = $4,
                               sealed = $5, run = $6, job_id = $7, project_id = $8,
                               updated_at = $9
             WHERE id = $10 AND revision = $2 - 1",
            order.state.name(),
            order.revision,
            order.failure.as_ref().map(|failure| failure.code.name()),
            order.failure.as_ref().map(|failure| failure.message.as_str()),
            order.sealed.as_deref(),
            order.run,
            order.job_id.as_deref(),
            order.project_id,
            order.updated_at.0,
            &order.id,
        );
        if written == 1 {
            self.add_order_change(order, note).await?;
        }
        Ok(written == 1)
    }

    async fn add_order_change(
        &mut self,
        order: &Order,
        note: Option<&str>,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO order_changes (order_id, revision, state, failure_code, failure, note,
                                        created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &order.id,
            order.revision,
            order.state.name(),
            order.failure.as_ref().map(|failure| failure.code.name()),
            order.failure.as_ref().map(|failure| failure.message.as_str()),
            note,
            order.updated_at.0,
        );
        Ok(())
    }

    /// An order's changes after a revision.
    pub async fn order_changes(
        &mut self,
        id: &str,
        after: i64,
    ) -> Result<Vec<OrderChange>, StoreError> {
        let rows = all!(
            self,
            (i64, String, Option<String>, Option<String>, Option<String>, i64),
            "SELECT revision, state, failure_code, failure, note, created_at FROM order_changes
             WHERE order_id = $1 AND revision > $2 ORDER BY revision",
            id,
            after,
        );
        rows.into_iter()
            .map(|(revision, state, code, failure, note, at)| {
                Ok(OrderChange {
                    revision,
                    state: read_state(&state)?,
                    failure: read_failure(code, failure)?,
                    note,
                    at: Timestamp(at),
                })
            })
            .collect()
    }

    /// How many projects, orders that may become one included, and how many containers
    /// in them a user has.
    pub async fn holdings(&mut self, user_id: i64) -> Result<(i64, i64), StoreError> {
        let row = one!(
            self,
            (i64, i64),
            "SELECT COUNT(*), CAST(COALESCE(SUM(containers), 0) AS BIGINT) FROM orders
             WHERE user_id = $1 AND state IN ('open', 'pending', 'processing', 'completed')",
            user_id,
        );
        Ok(row.unwrap_or((0, 0)))
    }

    /// Wipes secrets that were sealed for orders which nobody has tried again since.
    pub async fn sweep_order_secrets(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(
            self,
            "UPDATE orders SET sealed = NULL
             WHERE sealed IS NOT NULL AND updated_at <= $1 AND state IN ('failed', 'cancelled')",
            before.0,
        ))
    }
}
