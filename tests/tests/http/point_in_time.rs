//! PostgreSQL goes back to a second, as the handbook says, and the installation with it.

use std::path::Path;

use doorstep_handbook::backup::PAGE;
use doorstep_tests::{Kind, Postgres, Server};
use sqlx::{Connection as _, PgConnection};

use crate::backups::logs_in;

/// The page's settings between two lines, for an archive in that folder.
fn settings(from: &str, to: &str, archive: &Path) -> Vec<String> {
    let begin = PAGE.lines().skip_while(|line| !line.trim_start().starts_with(from));
    let mut lines: Vec<_> = begin.take_while(|line| line.starts_with("    ")).collect();
    lines.retain(|line| line.contains(" = "));
    assert!(lines.last().is_some_and(|line| line.trim_start().starts_with(to)), "{lines:?}");
    let archive = archive.display().to_string();
    lines.into_iter().map(|line| line.trim().replace("/archive", &archive)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_goes_back_to_a_second_and_everything_fits() {
    let mut cluster = Postgres::start_with(|folder| {
        let archive = folder.join("archive");
        std::fs::create_dir(&archive).unwrap();
        // Whoever the cluster runs as writes there.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(&archive, mode).unwrap();
        settings("wal_level", "archive_timeout", &archive)
    });
    let url = Postgres::new_database(&cluster.url).await;
    let mut server =
        Server::start_with(Kind::Sqlite, &[("DOORSTEP_DATABASE_URL", url.as_str())]).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let early = server.new_user(&token, "srv", "early").await;
    cluster.base_backup();
    let before = server.new_user(&token, "srv", "before").await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let moment: String = sqlx::query_scalar("SELECT CAST(clock_timestamp() AS TEXT)")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let after = server.new_user(&token, "srv", "after").await;
    server.kill();

    cluster.recover(|folder| {
        let mut lines =
            settings("restore_command", "recovery_target_action", &folder.join("archive"));
        let at = lines.iter().position(|line| line.starts_with("recovery_target_time")).unwrap();
        lines[at] = format!("recovery_target_time = '{moment}'");
        lines
    });
    server.restart();
    assert!(logs_in(&server, &early).await && logs_in(&server, &before).await);
    assert!(!logs_in(&server, &after).await, "it came after the moment");
    server.new_user(&token, "srv", "after").await;
    server.cli(&["audit", "verify"], "").unwrap();
}
