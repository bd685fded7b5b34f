//! `[provisioning]`

use std::path::PathBuf;

use serde::Deserialize;

use crate::outbound::well_formed;

/// `[provisioning]`: who brings projects up. On several servers the drivers must agree.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provisioning {
    /// By what. Without one nothing can be ordered.
    pub driver: Driver,
    /// For `directory`: the folder in which each project gets a folder of its own,
    /// named by the order's id. It must be there.
    pub directory: PathBuf,
    /// For `webhook`: where the provisioner is asked.
    pub webhook_url: String,
    /// For `webhook`: whether it may be on this machine or in a private network, also
    /// by `http`. What it is told includes the passwords of an order.
    pub allow_private_addresses: bool,
    /// For `webhook`: seconds for an answer; what takes longer answers by callback.
    pub timeout_seconds: u64,
    /// For `webhook`: seconds that the provisioner has after it took an order on.
    pub answer_seconds: i64,
    /// Where a project is that the driver names no link for: `{id}` stands for its
    /// number, `{order}` for the order's id.
    pub link: Option<String>,
}

/// Who brings projects up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Nobody: orders are switched off.
    None,
    /// A folder with a manifest for each.
    Directory,
    /// The operator's own program.
    Webhook,
}

impl Default for Provisioning {
    fn default() -> Self {
        Self {
            driver: Driver::None,
            directory: PathBuf::new(),
            webhook_url: String::new(),
            allow_private_addresses: false,
            timeout_seconds: 5,
            answer_seconds: 1_800,
            link: None,
        }
    }
}

impl Provisioning {
    pub(super) fn validate(&self) -> Result<(), String> {
        if !(1..=60).contains(&self.timeout_seconds) {
            return Err(format!(
                "provisioning.timeout_seconds {} is not between 1 and 60",
                self.timeout_seconds
            ));
        }
        if !(1..=7 * 86_400).contains(&self.answer_seconds) {
            return Err(format!(
                "provisioning.answer_seconds {} is not between 1 and 604800",
                self.answer_seconds
            ));
        }
        if let Some(link) = &self.link {
            let example = link.replace("{id}", "1").replace("{order}", "1");
            if !url::Url::parse(&example).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
            {
                return Err(format!("provisioning.link {link:?} is not an http(s) URL"));
            }
        }
        match self.driver {
            Driver::None => Ok(()),
            Driver::Directory if self.directory.is_dir() => Ok(()),
            Driver::Directory => Err(format!(
                "provisioning.directory {:?} is not a folder: make it, readable by the server alone",
                self.directory.display().to_string()
            )),
            Driver::Webhook => self.validate_url(),
        }
    }

    fn validate_url(&self) -> Result<(), String> {
        let (name, setting) = ("provisioning.webhook_url", "provisioning.allow_private_addresses");
        let url = well_formed(name, &self.webhook_url, self.allow_private_addresses, setting);
        url.map(|_| ())
    }
}
