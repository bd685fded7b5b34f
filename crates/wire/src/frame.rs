//! What the isolated form and the server say to each other.

/// The header in which our own frame names the origin of the page around it.
///
/// To the browser a frame of ours is our own site, so `Origin` says nothing of
/// the page that shows it; the frame learns that page's origin from the browser
/// (`MessageEvent.origin`), and the server holds the token to it.
pub const EMBEDDER: &str = "doorstep-embedder";
