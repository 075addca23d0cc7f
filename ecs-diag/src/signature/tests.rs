use std::collections::HashSet;

use super::*;

#[test]
fn every_example_is_read_as_its_own_row() {
    let mut wrong = Vec::new();
    for signature in signatures() {
        let reading = read(signature.example);
        if reading.signature != Some(signature.id) {
            wrong.push(format!("{} is read as {:?}", signature.id, reading.signature));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ids_are_unique() {
    let ids: HashSet<_> = signatures().iter().map(|signature| signature.id).collect();
    assert_eq!(ids.len(), signatures().len());
}
