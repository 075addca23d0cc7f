//! Which account and region a snapshot is of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::{Owner, is_account};

/// Accounts and regions that are named, and how often.
#[derive(Default)]
pub(super) struct Votes {
    pub(super) accounts: BTreeMap<String, usize>,
    pub(super) regions: BTreeMap<String, usize>,
}

impl Votes {
    pub(super) fn add(&mut self, text: &str) {
        let owner = Owner::of(text);
        for (name, votes) in [
            (owner.account.filter(|account| is_account(account)), &mut self.accounts),
            (owner.region, &mut self.regions),
        ] {
            let Some(name) = name else { continue };
            if let Some(count) = votes.get_mut(name) {
                *count += 1;
            } else {
                votes.insert(name.to_owned(), 1);
            }
        }
    }

    pub(super) fn walk(&mut self, value: &Value) {
        let mut left = vec![value];
        while let Some(value) = left.pop() {
            match value {
                Value::Array(items) => left.extend(items),
                Value::Object(members) => {
                    for (name, member) in members {
                        match member {
                            Value::String(text) => {
                                let names_owner = text.starts_with("arn:")
                                    || matches!(
                                        name.as_str(),
                                        "OwnerId"
                                            | "registryId"
                                            | "Account"
                                            | "AWSAccountId"
                                            | "AvailabilityZone"
                                            | "availabilityZone"
                                            | "AvailabilityZoneName"
                                    );
                                if names_owner {
                                    self.add(text);
                                }
                            }
                            member => left.push(member),
                        }
                    }
                }
                Value::String(text) if text.starts_with("arn:") => self.add(text),
                _ => {}
            }
        }
    }
}
