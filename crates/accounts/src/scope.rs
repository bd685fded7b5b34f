//! Scopes (RFC 6749 §3.3): who may hold each and what it allows.

use std::fmt;

/// One scope. The names are those of the documented contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// What anybody may see.
    Public,
    /// Create users through `POST /api/users`.
    Register,
    /// Read the own account.
    ProfileRead,
    /// Change the own account.
    ProfileUpdate,
    /// See the own API credentials.
    CredentialRead,
    /// Issue, change and end the own API credentials. Apart from the profile: a
    /// new credential may do more than the token that issues it.
    CredentialWrite,
    /// Issue a new API credential to a user that the client registered.
    Reissue,
    /// See the own orders.
    OrderRead,
    /// Place orders, take them back, try them again.
    OrderWrite,
    /// See the own projects, and where there can be some.
    ProjectRead,
    /// Change the own projects. Nothing here does yet; clients of the documented
    /// contract ask for it, as for the next ones, together with those that they need.
    ProjectWrite,
    /// See what can run in a project.
    ImagesRead,
    /// See `project_write`.
    ImagesWrite,
    /// See `project_write`.
    DnsRead,
    /// See `project_write`.
    DnsWrite,
    /// See every account.
    AdminRead,
    /// Change every account.
    AdminWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Public,
        Self::Register,
        Self::ProfileRead,
        Self::ProfileUpdate,
        Self::CredentialRead,
        Self::CredentialWrite,
        Self::Reissue,
        Self::OrderRead,
        Self::OrderWrite,
        Self::ProjectRead,
        Self::ProjectWrite,
        Self::ImagesRead,
        Self::ImagesWrite,
        Self::DnsRead,
        Self::DnsWrite,
        Self::AdminRead,
        Self::AdminWrite,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Register => "register",
            Self::ProfileRead => "profile_read",
            Self::ProfileUpdate => "profile_update",
            Self::CredentialRead => "credential_read",
            Self::CredentialWrite => "credential_write",
            Self::Reissue => "register:reissue",
            Self::OrderRead => "order_read",
            Self::OrderWrite => "order_write",
            Self::ProjectRead => "project_read",
            Self::ProjectWrite => "project_write",
            Self::ImagesRead => "images_read",
            Self::ImagesWrite => "images_write",
            Self::DnsRead => "dns_read",
            Self::DnsWrite => "dns_write",
            Self::AdminRead => "admin_read",
            Self::AdminWrite => "admin_write",
        }
    }

    /// Reads a name, also those that the documentation has for three of them where the
    /// reference implementation and its clients have others.
    fn parse(name: &str) -> Option<Self> {
        let name = match name {
            "projects_read" => "project_read",
            "projects_write" => "project_write",
            "profile_write" => "profile_update",
            other => other,
        };
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u32);

/// A name that is no scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScope(pub String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        write!(f, "unknown scope {:?}: the scopes are {}", self.0, known.join(", "))
    }
}

impl Scopes {
    /// Everything that a user may do with the own account. Never `register`: a
    /// user does not create users.
    pub const OF_A_USER: Self = Self(
        Scope::Public.bit()
            | Scope::ProfileRead.bit()
            | Scope::ProfileUpdate.bit()
            | Scope::CredentialRead.bit()
            | Scope::CredentialWrite.bit()
            | Scope::OrderRead.bit()
            | Scope::OrderWrite.bit()
            | Scope::ProjectRead.bit()
            | Scope::ProjectWrite.bit()
            | Scope::ImagesRead.bit()
            | Scope::ImagesWrite.bit()
            | Scope::DnsRead.bit()
            | Scope::DnsWrite.bit(),
    );
    /// What an administrator may do beside that.
    pub const OF_AN_ADMIN: Self =
        Self(Self::OF_A_USER.0 | Scope::AdminRead.bit() | Scope::AdminWrite.bit());
    /// The most that an OAuth client can hold. It speaks for no user, so it never
    /// administers.
    pub const OF_A_CLIENT: Self =
        Self(Self::OF_A_USER.0 | Scope::Register.bit() | Scope::Reissue.bit());

    /// The set of one.
    pub const fn only(scope: Scope) -> Self {
        Self(scope.bit())
    }

    /// Reads a list with spaces between.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split(' ').filter(|name| !name.is_empty()).try_fold(Self::default(), |set, name| {
            Scope::parse(name)
                .map(|scope| Self(set.0 | scope.bit()))
                .ok_or_else(|| UnknownScope(name.to_owned()))
        })
    }

    /// Whether the set has the scope.
    pub const fn holds(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether every scope of `other` is in this set.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those that are in both.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.holds(*scope))
    }

    /// What a request that names no scope gets: `public` where the holder has
    /// it (the documented default), else everything that the holder has.
    #[must_use]
    pub const fn default_grant(self) -> Self {
        if self.holds(Scope::Public) { Self::only(Scope::Public) } else { self }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Scope::name).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_parse_and_print() {
        let documented = Scopes::parse("projects_read projects_write profile_write").unwrap();
        assert_eq!(documented.to_string(), "profile_update project_read project_write");
        let both = Scopes::parse("register  public").unwrap();
        assert_eq!(both.to_string(), "public register");
        assert!(both.covers(Scopes::only(Scope::Register)));
        assert!(!Scopes::OF_A_USER.holds(Scope::Register));
        assert_eq!(both.default_grant().to_string(), "public");
        assert_eq!(Scopes::only(Scope::Register).default_grant().to_string(), "register");
        assert_eq!(Scopes::parse("public admin").unwrap_err(), UnknownScope("admin".to_owned()));
        let all = Scopes::parse(&Scope::ALL.map(Scope::name).join(" ")).unwrap();
        assert_eq!(all.iter().count(), Scope::ALL.len());
        assert_eq!(all.within(Scopes::OF_A_USER), Scopes::OF_A_USER);
        assert!(!Scopes::OF_A_CLIENT.holds(Scope::AdminRead));
    }
}
