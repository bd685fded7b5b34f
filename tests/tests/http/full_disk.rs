//! A disk without room: what is there is read, what is new is refused by its name, and
//! with the room everything comes back.

use doorstep_tests::{Answer, Kind, Server, SmallDisk, person, send};
use reqwest::Method;

const FULL: (u16, &str) = (503, "storage_full");

fn assert_full(server: &Server, answer: &Answer) {
    let (status, code) = answer.refusal();
    let log = server.log();
    let causes = log.lines().filter(|line| line.contains("a request failed"));
    assert_eq!((status, code.as_str()), FULL, "{:?}", causes.collect::<Vec<_>>());
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert!(!answer.text.contains("SQL") && !answer.text.contains("disk image"), "{}", answer.text);
}

/// T-117.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_reading_goes_on() {
    // Room for a database with some hundred users; the log is elsewhere.
    let disk = SmallDisk::of_kib(8 * 1024);
    let url = format!("sqlite://{}", disk.path().join("doorstep.db").display());
    let settings = [("DOORSTEP_DATABASE_URL", url.as_str()), ("DOORSTEP_OPS__FREE_MIB", "1")];
    let mut server = Server::start_with(Kind::Sqlite, &settings).await;
    server.database.url.clone_from(&url);
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let (name, password) = server.new_user(&token, "srv", "ada").await;
    let profile =
        || send(server.request(Method::GET, "/api/users").basic_auth(&name, Some(&password)));
    assert_eq!(profile().await.status, 200);
    assert_eq!(server.get_ops("/readyz").await.status, 200);

    let mut created = 1;
    for round in 0..2 {
        disk.fill();
        // The log of changes has some room of its own at first.
        let refused = loop {
            let answer = server.sign_up(&token, &person("srv", &format!("u{created}"))).await;
            if answer.status != 201 {
                break answer;
            }
            created += 1;
            assert!(created < 2_000, "the disk is never full");
        };
        assert_full(&server, &refused);
        let form = [("grant_type", "client_credentials")];
        let minted = server
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&form);
        assert_full(&server, &send(minted).await);
        assert_eq!(profile().await.status, 200, "round {round}");
        let ready = server.get_ops("/readyz").await;
        assert_eq!(
            (ready.status.as_u16(), ready.text.as_str()),
            (503, "the disk is nearly full\n")
        );
        assert_eq!(server.get_ops("/livez").await.status, 200);
        assert!(server.log().contains("the database's disk is full"), "the operator is told");

        disk.make_room();
        assert_eq!(server.get_ops("/readyz").await.status, 200);
        let answer = server.sign_up(&token, &person("srv", &format!("u{created}"))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        created += 1;
        assert_eq!(profile().await.status, 200);
    }
    let database = &server.database;
    for sql in ["SELECT COUNT(*) FROM users", "SELECT COUNT(*) FROM credentials"] {
        assert_eq!(database.count(sql).await, created, "{sql}");
    }
    let checked = "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(database.count(checked).await, 1);
    server.cli(&["audit", "verify"], "").unwrap();
}

/// The same word at the other database, whose disk is elsewhere: by what it says then
/// (SQLSTATE 53100).
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_cluster_has_the_same_name() {
    let server = Server::start(Kind::Postgres).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let (name, password) = server.new_user(&token, "srv", "ada").await;
    let database = &server.database;
    database
        .execute(
            "CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
        )
        .await;
    for table in [
        "CREATE TRIGGER is_full BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION is_full()",
        "CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON facts FOR EACH ROW EXECUTE FUNCTION is_full()",
    ] {
        database.execute(table).await;
    }
    assert_full(&server, &server.sign_up(&token, &person("srv", "bob")).await);
    let own = server.request(Method::GET, "/api/users").basic_auth(&name, Some(&password));
    assert_eq!(send(own).await.status, 200);
    let ready = server.get_ops("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.text.as_str()), (503, "the disk is full\n"));
    assert_eq!(server.get_ops("/livez").await.status, 200);
    for table in ["DROP TRIGGER is_full ON users", "DROP TRIGGER is_full ON facts"] {
        database.execute(table).await;
    }
    assert_eq!(server.sign_up(&token, &person("srv", "bob")).await.status, 201);
    assert_eq!(server.get_ops("/readyz").await.status, 200);
}
