//! Sign-up tokens for pages that have no back end: the puzzle's solution and the
//! page's origin are all that speaks for them.

use doorstep_accounts::{
    Binding, Delivery, Identity, PlainToken, Refusal, Scope, Scopes, Timestamp, TokenKind,
};
use doorstep_store::{Conn, NewToken, TokenOwner};
use doorstep_wire::FieldProblem;
use serde_json::Map;

use crate::{
    Context, Error, IssuedToken, PublishableTerms, authenticate::is_plain, registration::check_open,
};

/// A solution that was verified, and not yet used.
#[derive(Debug)]
pub struct PuzzleSolution {
    /// The challenge's hash.
    pub challenge: String,
    /// Until when it would be good.
    pub expires_at: Timestamp,
}

/// What a page says.
#[derive(Debug)]
pub struct WidgetTokenRequest {
    /// The publishable client.
    pub client_id: String,
    /// The page's origin, as its browser tells it.
    pub origin: String,
    /// The panel.
    pub provider: String,
    /// Who the person claims to be there.
    pub provider_username: String,
    /// What it cost.
    pub solution: PuzzleSolution,
}

/// Refuses if there are no publishable clients in this installation, or nobody
/// registers at all.
pub fn publishable_terms(context: &Context) -> Result<PublishableTerms, Refusal> {
    let terms = context.terms.publishable.filter(|_| context.terms.registration);
    terms.ok_or(Refusal::RegistrationDisabled)
}

/// Refuses pages that may not use the client. Unknown clients, those that are
/// switched off and those that are not publishable are refused alike: nobody finds
/// out here which there are.
pub async fn check_widget_page(
    context: &Context,
    client_id: &str,
    origin: &str,
) -> Result<(), Error> {
    publishable_terms(context)?;
    let mut read = context.store.read().await?;
    server_of(context, &mut read.conn(), client_id, origin).await.map(drop)
}

/// The one server of the client, if pages of this origin may use it now.
async fn server_of(
    context: &Context,
    conn: &mut Conn<'_>,
    client_id: &str,
    origin: &str,
) -> Result<String, Error> {
    let refusal = || Refusal::OriginNotAllowed { origin: origin.to_owned() };
    if !is_plain(client_id) || !conn.has_origin(client_id, origin).await? {
        return Err(refusal().into());
    }
    let server = conn.publishable_server(client_id).await?.ok_or_else(refusal)?;
    check_open(context, conn, client_id, &server).await?;
    Ok(server)
}

/// Uses the solution up and issues a token for the person, whose name nobody
/// vouches for.
pub async fn issue_widget_token(
    context: &Context,
    request: WidgetTokenRequest,
) -> Result<IssuedToken, Error> {
    let terms = publishable_terms(context)?;
    let WidgetTokenRequest { client_id, origin, provider, provider_username, solution } = request;
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let server = server_of(context, &mut conn, &client_id, &origin).await?;
    let identity = Identity::parse_by(context.terms.names, &provider, &server, &provider_username)
        .map_err(|faults| {
            let problem = |fault: &doorstep_accounts::provider::ProviderFault| FieldProblem {
                pointer: format!("/{}", fault.field()),
                field: fault.field().to_owned(),
                code: fault.name().to_owned(),
                message: fault.message().to_owned(),
            };
            Refusal::Invalid { faults: faults.iter().map(problem).collect() }
        })?;
    if !conn.spend_puzzle(&solution.challenge, solution.expires_at).await? {
        return Err(Refusal::PuzzleUnsolved { why: "this solution was used before" }.into());
    }
    let binding = Binding {
        identity,
        origins: vec![origin],
        locked: Map::new(),
        prefill: Map::new(),
        delivery: Delivery::Inline,
        jkt: None,
    };
    let token = PlainToken::generate(TokenKind::SignUp, &*context.entropy);
    let issued_at = context.clock.now();
    let scopes = Scopes::only(Scope::Register);
    let new = NewToken {
        hash: &token.hash(),
        owner: &TokenOwner::Client(client_id),
        scopes,
        issued_at,
        expires_at: issued_at.plus_seconds(terms.token_seconds),
        binding: Some(&binding),
        jkt: None,
    };
    conn.add_token(&new).await?;
    tx.commit().await?;
    Ok(IssuedToken {
        token,
        scopes,
        expires_in: terms.token_seconds,
        issued_at,
        binding: Some(binding),
        jkt: None,
        anonymous: true,
    })
}
