//! `[playground]`

use serde::Deserialize;

/// `[playground]`: a page of ours on which every option of the form can be tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Playground {
    /// Whether there is one. It is for developers, so a server for the public has none.
    pub enabled: bool,
    /// Where the page gets sign-up tokens: an address of your back end that answers `GET`
    /// with `{"token": "sgn_…"}`, and lets pages of this server read that. Whoever opens
    /// the page gets one, so it is for a network of your own. Without it a token can be
    /// pasted.
    pub token_url: Option<String>,
}

impl Playground {
    pub(super) fn validate(&self) -> Result<(), String> {
        let Some(given) = &self.token_url else { return Ok(()) };
        let is_web =
            url::Url::parse(given).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
        if is_web {
            Ok(())
        } else {
            Err(format!(
                "playground.token_url {given:?} is not an address that begins with https://"
            ))
        }
    }

    /// The origin of [`Self::token_url`].
    pub(crate) fn token_origin(&self) -> Option<String> {
        let url = url::Url::parse(self.token_url.as_deref()?).ok()?;
        Some(url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::Playground;

    #[test]
    fn tokens_come_from_the_web() {
        let of =
            |url: &str| Playground { token_url: Some(url.to_owned()), ..Playground::default() };
        let good = of("http://127.0.0.1:8088/panel/dev-session?customer=bob");
        assert_eq!(good.validate(), Ok(()));
        assert_eq!(good.token_origin().as_deref(), Some("http://127.0.0.1:8088"));
        for bad in ["", "panel.example", "ftp://panel.example", "data:text/plain,x"] {
            let why = of(bad).validate().unwrap_err();
            assert!(why.starts_with("playground.token_url "), "{why}");
        }
    }
}
