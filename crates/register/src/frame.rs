//! Which pages may show the form in a frame.

use crate::{Context, Error, authenticate::is_plain};

/// Origins that a header names at the most. Who has more has a list of customers,
/// which is nobody's to read, and a header that proxies refuse; its pages name
/// themselves.
const MOST_ORIGINS: usize = 16;

/// The origins whose pages may show the form, for `frame-ancestors`; none when
/// nobody may.
///
/// A page that names its client gets that client's origins, unless they are too many
/// to be told. A page that does not,
/// because its tag carries a token and nothing else, names its own origin and
/// gets that one if a client has it: the shortest list there is, and nobody learns
/// the others. Named together, both must fit. For whom the form may sign up is
/// not decided here: each request holds the token to the page around the frame.
pub async fn frame_ancestors(
    context: &Context,
    client: Option<&str>,
    page: Option<&str>,
) -> Result<Vec<String>, Error> {
    if !client.into_iter().chain(page).all(is_plain) {
        return Ok(Vec::new());
    }
    let read = &mut context.store.read().await?;
    let mut conn = read.conn();
    match (client, page) {
        (Some(id), page) => {
            let client = conn.client(id).await?.filter(|client| client.disabled_at.is_none());
            let mut origins = client.map(|client| client.origins).unwrap_or_default();
            origins.retain(|origin| page.is_none_or(|page| page == origin));
            if origins.len() > MOST_ORIGINS {
                origins.clear();
            }
            Ok(origins)
        }
        (None, Some(page)) if conn.origin_is_known(page).await? => Ok(vec![page.to_owned()]),
        (None, _) => Ok(Vec::new()),
    }
}
