//! The Apiculus API: what `createNewUser` takes and refuses.

use std::fmt::Write as _;

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{USERS, admin, call},
    apiculus::{CREATE, TOKEN, create, ready, refusal, sample, sample_with},
    catalog::{SAMPLE, import},
};

/// The documented request, with its quote repaired, gets the documented answer; and
/// what was made is a user as every other one.
async fn the_documented_request_gets_the_documented_answer(kind: Kind) {
    let (server, root) = ready(kind).await;
    let made = create(&server, &root, &sample()).await;
    let mut answer = made.json();
    let job = answer["jobId"].take();
    assert_eq!(job.as_str().unwrap().len(), 36);
    let golden = json!({
        "httpStatus": 200,
        "success": true,
        "error": {},
        "sync": true,
        "jobId": null,
        "jobStatusCode": 1,
        "cached": false,
        "replayed": false,
        "result": { "id": "API-E001", "email": "usersample@gmail.com" },
    });
    assert_eq!((made.status.as_u16(), answer), (200, golden), "{}", made.text);
    let second = create(&server, &root, &sample_with(&json!({ "email": "b@mail.example" }))).await;
    assert_eq!(second.json()["result"]["id"], "API-E002");

    let (_, admin) = admin(&server, "second@host.example");
    let found = "/api/admin/users/3453242343234?find_by_label=apiculus_taxation_id1";
    let user = call(&server, &admin, Method::GET, found, Value::Null).await.json()["user"].clone();
    for (name, value) in [
        ("fname", json!("user")),
        ("lname", json!("sample")),
        ("email", json!("usersample@gmail.com")),
        ("phone", json!("+919876543210")),
        ("company_name", json!("Indiqus")),
        ("address1", json!("xyz street")),
        ("city", json!("Bangalore")),
        // The code, whichever of both was sent.
        ("state", json!("KA")),
        ("zip", json!("607878")),
        ("country", json!("IN")),
        ("currency", json!("INR")),
        ("active", json!(true)),
        ("is_admin", json!(false)),
    ] {
        assert_eq!(user[name], value, "{name}");
    }
    assert!(user["confirmed_at"].is_string(), "no mail is sent: the caller vouches");
    let kept = json!({
        "countryCode": "91", "mobileNumber": "9876543210",
        "acsRegion": "noida", "tax_category": "Taxable",
        "tax_type1": "CNPJ", "taxation_id1": "3453242343234",
        "tax_type2": "GSTIN", "taxation_id2": "1234567890",
        "credit_period": 2, "credit_limit": 1000, "resellerCode": "CODE",
    });
    assert_eq!(user["labels"]["apiculus"], kept);
    let database = &server.database;
    let hashed =
        "SELECT COUNT(*) FROM users WHERE password LIKE '$argon2id$%' AND email LIKE 'usersample%'";
    assert_eq!(database.count(hashed).await, 1);
    let told =
        "SELECT COUNT(*) FROM events WHERE kind = 'user.created' AND payload LIKE '%usersample%'";
    assert_eq!(database.count(told).await, 1);
    let audited =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create' AND details NOT LIKE '%user%'";
    assert_eq!(database.count(audited).await, 2);
}

/// The sample as it is printed has a curly quote before the organization's name.
async fn bodies_that_are_no_objects_are_told_from_objects_with_faults(kind: Kind) {
    let (server, root) = ready(kind).await;
    let printed = sample().to_string().replace("\"Indiqus\"", "\u{201c}Indiqus\"");
    let twins = sample().to_string().replacen('{', r#"{"fname":"Eve","#, 1);
    for body in [printed.as_str(), twins.as_str(), "[]", "", "7", "null", "{", "\"x\""] {
        let request = server.request(Method::POST, CREATE).header(TOKEN, &root);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        assert_eq!(refusal(&send(request).await), (400, "BAD_JSON".to_owned()), "{body}");
    }
    let nothing = create(&server, &root, &json!({})).await;
    assert_eq!(refusal(&nothing), (400, "VALIDATION_FAILED".to_owned()));
    // Everything that is missing, in one answer.
    let required = "fname:REQUIRED lname:REQUIRED organization_name:REQUIRED email:REQUIRED \
        countryCode:REQUIRED mobileNumber:REQUIRED password:REQUIRED address:REQUIRED \
        city:REQUIRED country:REQUIRED state:REQUIRED currency:REQUIRED tax_category:REQUIRED \
        tax_type1:TAX_TYPE_REQUIRED credit_period:RANGE credit_limit:RANGE";
    assert_eq!(faults(&nothing), sorted(required));
    let members: Vec<String> = sample().as_object().unwrap().keys().cloned().collect();
    for wrong in [json!([]), json!({}), json!(true)] {
        let body = Value::Object(members.iter().map(|it| (it.clone(), wrong.clone())).collect());
        let refused = create(&server, &root, &body).await;
        assert_eq!(refusal(&refused).0, 400);
        for member in &members {
            assert!(faults(&refused).contains(&format!("{member}:")), "{member} {wrong}");
        }
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

/// Each as `field:CODE`, in the order of the alphabet, with a blank before each.
fn faults(answer: &Answer) -> String {
    let fields = answer.json()["error"]["fields"].as_array().cloned().unwrap_or_default();
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let mut all = String::new();
    for fault in &fields {
        assert!(!text(fault, "message").is_empty(), "{fault}");
        // Writing into a String cannot fail.
        let _ = write!(all, "{}:{} ", text(fault, "field"), text(fault, "code"));
    }
    sorted(&all)
}

fn sorted(list: &str) -> String {
    let mut items: Vec<_> = list.split_whitespace().collect();
    items.sort_unstable();
    items.join(" ")
}

/// Sends the sample with each of the members; the second of a pair is what is wrong
/// with them, nothing for those that make a user.
async fn try_all(server: &Server, root: &str, cases: &[(Value, &str)]) {
    for (at, (members, expected)) in cases.iter().enumerate() {
        let mut body = sample_with(&json!({ "email": format!("n{at}@mail.example") }));
        for (name, value) in members.as_object().unwrap() {
            if value.is_null() {
                body.as_object_mut().unwrap().remove(name);
            } else {
                body[name] = value.clone();
            }
        }
        let answer = create(server, root, &body).await;
        assert_eq!(faults(&answer), sorted(expected), "{members}: {}", answer.text);
        if expected.is_empty() {
            assert_eq!(answer.status, 200, "{members}: {}", answer.text);
        } else {
            assert_eq!(refusal(&answer), (400, "VALIDATION_FAILED".to_owned()), "{members}");
        }
    }
}

fn long(letter: &str, count: usize) -> String {
    letter.repeat(count)
}

/// Who and where: names, organization, e-mail, phone, address.
async fn persons_are_held_to_the_documented_bounds(kind: Kind) {
    let (server, root) = ready(kind).await;
    let mail = |local: usize, rest: &str| format!("{}@{rest}", long("a", local));
    let domain = |length: usize| {
        let mut domain = String::from("example");
        while domain.len() < length {
            let label = (length - domain.len() - 1).min(60);
            domain = format!("{}.{domain}", long("b", label));
        }
        domain
    };
    let mut cases = vec![
        (json!({ "organization_name": "***" }), "organization_name:ORG_CHARS"),
        (json!({ "organization_name": "A\u{7}" }), "organization_name:ORG_CHARS"),
        (json!({ "organization_name": "A & B (x) / 1 + 2 - O'Neil, Ltd." }), ""),
        (json!({ "city": "a\u{0}b" }), "city:CONTROL_CHARACTER"),
        (json!({ "address": "a\u{1b}[2J" }), "address:CONTROL_CHARACTER"),
        (json!({ "email": "a@b" }), "email:EMAIL_FORMAT"),
        (json!({ "email": "a b@c.de" }), "email:EMAIL_FORMAT"),
        (json!({ "email": "a@@c.de" }), "email:EMAIL_FORMAT"),
        (json!({ "email": "a\u{0}@c.de" }), "email:EMAIL_FORMAT"),
        (json!({ "email": mail(64, "mail.example") }), ""),
        (json!({ "email": mail(65, "mail.example") }), "email:EMAIL_FORMAT"),
        (json!({ "email": mail(60, &domain(193)) }), ""),
        (json!({ "email": mail(60, &domain(195)) }), "email:TOO_LONG"),
        (json!({ "email": "x@mailinator.com" }), "email:EMAIL_DOMAIN_RESTRICTED"),
        (json!({ "email": "x@A.Mailinator.COM" }), "email:EMAIL_DOMAIN_RESTRICTED"),
        (json!({ "email": "x@ｍailinator.com" }), "email:EMAIL_DOMAIN_RESTRICTED"),
        (json!({ "email": "x@mailinator.com." }), "email:EMAIL_FORMAT"),
        (json!({ "email": "x@notmailinator.com" }), ""),
        (json!({ "countryCode": "+91" }), ""),
        (json!({ "countryCode": 91 }), ""),
        (json!({ "countryCode": "1684" }), ""),
        (json!({ "countryCode": "IN" }), "countryCode:DIAL_CODE_FORMAT"),
        (json!({ "countryCode": "++91" }), "countryCode:DIAL_CODE_FORMAT"),
        (json!({ "countryCode": "+" }), "countryCode:DIAL_CODE_FORMAT"),
        (json!({ "countryCode": 9.1 }), "countryCode:DIAL_CODE_FORMAT"),
        (json!({ "countryCode": "+12345" }), "countryCode:TOO_LONG"),
        (json!({ "countryCode": "00000" }), "countryCode:TOO_LONG"),
        (json!({ "countryCode": "999" }), "countryCode:DIAL_CODE_UNKNOWN"),
        (json!({ "countryCode": "0091" }), "countryCode:DIAL_CODE_UNKNOWN"),
        (json!({ "mobileNumber": 9_876_543_210_u64 }), ""),
        (json!({ "mobileNumber": "98765-43210" }), "mobileNumber:DIGITS_ONLY"),
        (json!({ "mobileNumber": "९८७६५४३२१०" }), "mobileNumber:DIGITS_ONLY"),
        (json!({ "mobileNumber": -9_876_543_210_i64 }), "mobileNumber:DIGITS_ONLY"),
        (json!({ "mobileNumber": long("1", 6) }), "mobileNumber:PHONE_LENGTH"),
        (json!({ "mobileNumber": long("1", 7) }), ""),
        (json!({ "mobileNumber": long("1", 13) }), ""),
        (json!({ "mobileNumber": long("1", 14) }), "mobileNumber:PHONE_LENGTH"),
        (json!({ "mobileNumber": long("1", 14), "countryCode": "1" }), ""),
        (json!({ "mobileNumber": long("1", 15), "countryCode": "1" }), "mobileNumber:PHONE_LENGTH"),
        (json!({ "mobileNumber": long("1", 16) }), "mobileNumber:PHONE_LENGTH"),
        (json!({ "country": "in" }), "country:COUNTRY_UNKNOWN"),
        (json!({ "country": "India" }), "country:COUNTRY_UNKNOWN"),
        (json!({ "country": "XX" }), "country:COUNTRY_UNKNOWN"),
        (json!({ "state": "KA" }), ""),
        (json!({ "state": "ka" }), "state:STATE_UNKNOWN"),
        (json!({ "state": "BY" }), "state:STATE_UNKNOWN"),
        (json!({ "country": "DE" }), "state:STATE_UNKNOWN"),
        (json!({ "country": "DE", "state": "BY" }), ""),
        // There is no list to choose from.
        (json!({ "country": "AQ", "state": null }), ""),
        (json!({ "country": "AQ", "state": "Ross" }), ""),
        (json!({ "country": "AQ", "state": long("s", 256) }), "state:TOO_LONG"),
        (json!({ "zipcode": null }), ""),
        (json!({ "zipcode": "02139" }), ""),
        (json!({ "zipcode": 0 }), ""),
        (json!({ "zipcode": long("1", 12) }), ""),
        (json!({ "zipcode": long("1", 13) }), "zipcode:DIGITS_ONLY"),
        (json!({ "zipcode": "SW1A 1AA" }), "zipcode:DIGITS_ONLY"),
        (json!({ "zipcode": -5 }), "zipcode:DIGITS_ONLY"),
        (json!({ "zipcode": 60.5 }), "zipcode:DIGITS_ONLY"),
        (json!({ "zipcode": 6e5 }), "zipcode:DIGITS_ONLY"),
    ];
    let too_long = ["fname", "lname", "organization_name", "address", "city"]
        .map(|name| (name, format!("{name}:TOO_LONG"), format!("{name}:REQUIRED")));
    for (name, too_long, required) in &too_long {
        cases.push((json!({ *name: "a" }), ""));
        cases.push((json!({ *name: long("a", 255) }), ""));
        // As many letters, four bytes each.
        cases.push((json!({ *name: long("\u{20000}", 255) }), ""));
        cases.push((json!({ *name: format!("  {}\t", long("a", 255)) }), ""));
        cases.push((json!({ *name: long("a", 256) }), too_long));
        cases.push((json!({ *name: long("\u{20000}", 256) }), too_long));
        cases.push((json!({ *name: "" }), required));
        cases.push((json!({ *name: " \u{3000}" }), required));
        cases.push((json!({ *name: null }), required));
    }
    for (name, fault) in [("fname", "fname:ALPHA_ONLY"), ("lname", "lname:ALPHA_ONLY")] {
        for text in ["Us3r", "a_b", "Mary Jane", "O'Neil", "Jean-Luc", "a\u{0}b", "\u{301}a"] {
            cases.push((json!({ name: text }), fault));
        }
        for text in ["Zoë", "Zoe\u{308}", "देवनागरी", "李"] {
            cases.push((json!({ name: text }), ""));
        }
    }
    try_all(&server, &root, &cases).await;
}

/// What for: password, region, currency, taxes, credit, reseller.
async fn accounts_are_held_to_the_documented_bounds(kind: Kind) {
    let (server, root) = ready(kind).await;
    let tax = |one: &str, first: &str, two: &str, second: &str| json!({ "tax_type1": one, "taxation_id1": first, "tax_type2": two, "taxation_id2": second });
    let (cnpj, gstin) = (long("1", 11), long("1", 10));
    let mut cases = vec![
        (json!({ "password": "Ab@1" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "Ab@1567" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "Ab@15678" }), ""),
        (json!({ "password": "Ab@1567890123456" }), ""),
        (json!({ "password": "Ab@15678901234567" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "usersam@178" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "USERSAM@178" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "UserSam@xyz" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "UserSam178" }), "password:PASSWORD_POLICY"),
        (json!({ "password": "UserSam^178" }), "password:PASSWORD_POLICY"),
        (json!({ "password": " UserSam@^178 " }), ""),
        (json!({ "password": "" }), "password:REQUIRED"),
        (json!({ "password": 12_345_678 }), "password:WRONG_TYPE"),
        (json!({ "acsRegion": null }), ""),
        (json!({ "acsRegion": "" }), ""),
        (json!({ "acsRegion": "Noida" }), "acsRegion:REGION_UNKNOWN"),
        (json!({ "currency": "RWF" }), ""),
        (json!({ "currency": "inr" }), "currency:CURRENCY_UNSUPPORTED"),
        (json!({ "currency": "USD" }), "currency:CURRENCY_UNSUPPORTED"),
        (json!({ "tax_category": "taxable" }), "tax_category:TAX_CATEGORY_UNKNOWN"),
        (json!({ "tax_category": "Outside India" }), "tax_category:TAX_CATEGORY_UNKNOWN"),
        (json!({ "tax_category": "EMBASSY" }), ""),
        (tax("CNPJ", &long("1", 10), "", ""), "taxation_id1:TAX_ID_LENGTH"),
        (tax("CNPJ", &cnpj, "", ""), ""),
        (tax("CNPJ", &long("1", 15), "", ""), ""),
        (tax("CNPJ", &long("1", 16), "", ""), "taxation_id1:TAX_ID_LENGTH"),
        (tax("CNPJ", &cnpj, "GSTIN", &long("1", 9)), "taxation_id2:TAX_ID_LENGTH"),
        (tax("CNPJ", &cnpj, "GSTIN", &long("A", 10)), ""),
        (tax("CNPJ", &cnpj, "GSTIN", &long("1", 11)), "taxation_id2:TAX_ID_LENGTH"),
        (tax("CNPJ", &cnpj, "GSTIN", "123456789é"), "taxation_id2:TAX_ID_CHARS"),
        (tax("CNPJ", "12-345.678/90", "", ""), "taxation_id1:TAX_ID_CHARS"),
        (tax("CNPJ", "", "", ""), "taxation_id1:TAX_ID_REQUIRED"),
        (tax("CNPJ", &cnpj, "GSTIN", ""), ""),
        (tax("", "", "GSTIN", &gstin), "tax_type1:TAX_TYPE_REQUIRED"),
        (tax("", &cnpj, "CNPJ", &cnpj), "taxation_id1:TAX_ID_WITHOUT_TYPE"),
        (tax("CNPJ", &cnpj, "CNPJ", &cnpj), "tax_type2:TAX_TYPE_DUPLICATE"),
        (tax("CNPJ", &cnpj, "gstin", &gstin), "tax_type2:TAX_TYPE_UNKNOWN"),
        // Slots may have holes.
        (
            json!({ "tax_type1": "", "taxation_id1": "", "tax_type2": "", "taxation_id2": "",
                    "tax_type3": "CNPJ", "taxation_id3": 12_345_678_901_u64 }),
            "",
        ),
        (json!({ "tax_type4": "GSTIN" }), "tax_type4:TAX_TYPE_UNKNOWN"),
        (json!({ "tax_type4": "" }), ""),
        (json!({ "resellerCode": null }), ""),
        (json!({ "resellerCode": "" }), ""),
        (json!({ "resellerCode": "code" }), "resellerCode:RESELLER_UNKNOWN"),
        // Unknown members are passed over.
        (json!({ "is_admin": true, "a/b~c": [], "active": false }), ""),
    ];
    for right in [json!(1), json!(30), json!("30"), json!(" 7 ")] {
        cases.push((json!({ "credit_period": right }), ""));
    }
    for wrong in [json!(0), json!(31), json!(2.5), json!(-1), json!(null), json!("x"), json!("")] {
        cases.push((json!({ "credit_period": wrong }), "credit_period:RANGE"));
    }
    for right in [json!(0), json!(0.01), json!("12.5"), json!(1_000_000_000_000_u64), json!(1.2345)]
    {
        cases.push((json!({ "credit_limit": right }), ""));
    }
    for wrong in [
        json!(-0.01),
        json!(-1),
        json!("NaN"),
        json!("inf"),
        json!("abc"),
        json!(1.23456),
        json!(1_000_000_000_001_u64),
        json!(1e30),
        json!("1e3"),
        json!(null),
        json!(""),
    ] {
        cases.push((json!({ "credit_limit": wrong }), "credit_limit:RANGE"));
    }
    try_all(&server, &root, &cases).await;
    let administrators = "SELECT COUNT(*) FROM users WHERE is_admin OR NOT active";
    assert_eq!(server.database.count(administrators).await, 1);
}

/// The operator's settings are in force from the import on, without a restart.
async fn the_catalogue_decides(kind: Kind) {
    let (server, root) = ready(kind).await;
    let sample = std::fs::read_to_string(SAMPLE).unwrap();
    let edit = |from: &str, to: &str| {
        assert!(sample.contains(from), "{from}");
        sample.replace(from, to)
    };
    let one = |members: Value, expected: &'static str| [(members, expected)];
    import(&server, &edit("names = \"strict\"", "names = \"lenient\"")).unwrap();
    try_all(
        &server,
        &root,
        &one(json!({ "fname": "Mary Jane", "lname": "O'Neil", "email": "a@x.example" }), ""),
    )
    .await;
    import(&server, &edit("names = \"strict\"", "names = \"ascii\"")).unwrap();
    try_all(&server, &root, &one(json!({ "fname": "Zoë" }), "fname:ALPHA_ONLY")).await;
    import(&server, &edit("alphanumeric = true", "alphanumeric = false")).unwrap();
    let letters = json!({ "taxation_id1": "A1234567890", "taxation_id2": "123456789A" });
    let both = "taxation_id1:TAX_ID_CHARS taxation_id2:TAX_ID_CHARS";
    try_all(&server, &root, &one(letters, both)).await;
    import(&server, &edit("code = \"CODE\"", "code = \"CODE\"\nactive = false")).unwrap();
    try_all(&server, &root, &one(json!({}), "resellerCode:RESELLER_UNKNOWN")).await;
    // Without tax types nothing of them can be sent, and nothing need be.
    let none = sample.split("[[apiculus.tax_type]]").next().unwrap().to_owned();
    import(&server, &none.replace("\"API\"", "\"ADC\"")).unwrap();
    let without = json!({
        "tax_type1": null, "tax_type2": null, "taxation_id1": null, "taxation_id2": null,
        "resellerCode": null,
    });
    let made = create(&server, &root, &sample_with(&without)).await;
    assert_eq!(made.json()["result"]["id"], "ADC-E002", "{}", made.text);
}

/// One person, whichever door an administrator's program comes to, is one user.
async fn the_same_address_at_another_door_is_a_clean_conflict(kind: Kind) {
    let (server, root) = ready(kind).await;
    let (_, admin) = admin(&server, "second@host.example");
    let there = async |email: &str| {
        let user = json!({ "user": { "fname": "A", "lname": "B", "email": email } });
        call(&server, &admin, Method::POST, USERS, user).await
    };
    assert_eq!(there("ada@mail.example").await.status, 201);
    let here = create(&server, &root, &sample_with(&json!({ "email": "Ada@MAIL.example" }))).await;
    assert_eq!(refusal(&here), (409, "EMAIL_TAKEN".to_owned()));
    assert_eq!(faults(&here), "email:EMAIL_TAKEN");
    assert_eq!(create(&server, &root, &sample()).await.status, 200);
    let there = there("UserSample@gmail.com").await;
    assert_eq!(there.refusal(), (422, "validation_failed".to_owned()));
    assert_eq!(there.json()["faults"][0]["code"], "taken");
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 4);
}

on_both!(
    the_documented_request_gets_the_documented_answer,
    bodies_that_are_no_objects_are_told_from_objects_with_faults,
    persons_are_held_to_the_documented_bounds,
    accounts_are_held_to_the_documented_bounds,
    the_catalogue_decides,
    the_same_address_at_another_door_is_a_clean_conflict,
);
