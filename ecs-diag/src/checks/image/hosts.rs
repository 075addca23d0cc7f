//! Registry hosts that are nearly right.

use std::sync::LazyLock;

use crate::{
    aws::regions::{AS_OF, PARTITIONS, Partition, is_listed, partition},
    case::Case,
    image::EcrRegistry,
};

/// Account, Region and partition of the target: what a misspelt host most likely means.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) partition: String,
}

impl Home {
    pub(super) fn of(case: &Case<'_>) -> Self {
        Self {
            account: case.account().map(str::to_owned),
            region: case.region().map(str::to_owned),
            partition: case.partition().to_owned(),
        }
    }
}

/// What is wrong with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misspelt {
    /// In words that follow the host.
    pub(super) why: String,
    /// The host that is meant, where only one can be.
    pub(super) right: Option<String>,
    /// What would make it right after all.
    pub(super) unless: String,
}

/// More edits than this and a host is another one.
const MOST_EDITS: usize = 2;
/// Longest host name in DNS.
const LONGEST_HOST: usize = 253;

/// Public registries whose names are mistaken for one another's misspelling.
const PUBLIC: [&str; 13] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "ghcr.io",
    "quay.io",
    "public.ecr.aws",
    "gcr.io",
    "lscr.io",
    "nvcr.io",
    "icr.io",
    "ocir.io",
    "k8s.gcr.io",
    "cgr.dev",
];

/// Public registries with the number of edits up to which a name is taken for theirs; short names
/// have neighbours of their own.
const NEAR: [(&str, usize); 4] =
    [("docker.io", 2), ("public.ecr.aws", 2), ("ghcr.io", 1), ("quay.io", 1)];

/// What follows the account in the host of a private registry of ECR.
#[derive(Clone, Debug)]
struct Tail {
    text: String,
    region: String,
    suffix: &'static str,
}

fn tails_of(region: &str, partition: &Partition) -> impl Iterator<Item = Tail> {
    let forms = [
        ("dkr.ecr", Some(partition.dns_suffix)),
        ("dkr.ecr-fips", Some(partition.dns_suffix)),
        ("dkr-ecr", partition.dual_stack_suffix),
        ("dkr-ecr-fips", partition.dual_stack_suffix),
    ];
    forms.into_iter().filter_map(move |(form, suffix)| {
        let suffix = suffix?;
        let text = format!("{form}.{region}.{suffix}");
        Some(Tail { text, region: region.to_owned(), suffix })
    })
}

/// The tails of every Region on the list.
static TAILS: LazyLock<Vec<Tail>> = LazyLock::new(|| {
    PARTITIONS
        .iter()
        .flat_map(|partition| {
            partition.regions.iter().flat_map(|region| tails_of(region, partition))
        })
        .collect()
});

/// The tails of the target's Region, if that is not on the list: the target shows that it exists.
fn unlisted(home: &Home) -> Vec<Tail> {
    let region = home.region.as_deref().filter(|region| !is_listed(region));
    region
        .zip(partition(&home.partition))
        .map_or(vec![], |(region, partition)| tails_of(region, partition).collect())
}

/// What is wrong with `host`, if it is a registry's but for a few letters.
pub(super) fn misspelt(host: &str, home: &Home) -> Option<Misspelt> {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, format!(":{port}")),
        None => (host, String::new()),
    };
    let name = name.to_ascii_lowercase();
    if !name.contains('.') || name.len() > LONGEST_HOST || PUBLIC.contains(&name.as_str()) {
        return None;
    }
    let mut found = private(&name, home).or_else(|| public(&name))?;
    found.right = found.right.map(|right| right + &port);
    Some(found)
}

/// A host that is nearly one of a private registry of ECR.
fn private(name: &str, home: &Home) -> Option<Misspelt> {
    let unlisted = unlisted(home);
    let tails = || TAILS.iter().chain(&unlisted);
    let known = |tail: &str| tails().any(|known| known.text == tail);
    let own_registry = || "it is a registry of your own".to_owned();
    if known(name) {
        return Some(Misspelt {
            why: "lacks the account id before `dkr`".to_owned(),
            right: home.account.as_ref().map(|account| format!("{account}.{name}")),
            unless: own_registry(),
        });
    }
    let (account, tail) = name.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    // Only one account is known; another one cannot be guessed.
    let own_account = || {
        let own = home.account.as_deref()?;
        (strsim::osa_distance(own, account) <= MOST_EDITS).then_some(own)
    };
    if known(tail) {
        let why = if account.bytes().all(|b| b.is_ascii_digit()) {
            format!("begins with {} digits; an account id has 12", account.len())
        } else {
            format!("begins with `{account}`, which is not an account id of 12 digits")
        };
        return (!is_account).then(|| Misspelt {
            why,
            right: own_account().map(|own| format!("{own}.{tail}")),
            unless: own_registry(),
        });
    }
    let digits = account.bytes().filter(u8::is_ascii_digit).count();
    if !(9..=15).contains(&account.len()) || digits * 4 < account.len() * 3 {
        return None;
    }
    let account = if is_account { Some(account) } else { own_account() };
    let registry = EcrRegistry::of_host(&format!("000000000000.{tail}"));
    let near = nearest(tail, tails());
    if registry.is_none() && near.is_empty() {
        return None;
    }
    let right = match near.as_slice() {
        [one] => Some(one.text.as_str()),
        // Of several as near the task's Region is meant, if it is among them.
        several => several
            .iter()
            .find(|tail| Some(&tail.region) == home.region.as_ref())
            .map(|tail| tail.text.as_str()),
    };
    let (why, unless) = match registry.map(|registry| registry.region) {
        Some(region) if !is_listed(&region) => (
            format!("names the Region `{region}`, which AWS did not have on {AS_OF}"),
            format!("AWS opened the Region `{region}` since"),
        ),
        Some(region) => (format!("has the wrong domain for the Region `{region}`"), own_registry()),
        None => ("is a host of Amazon ECR but for a letter or two".to_owned(), own_registry()),
    };
    let right = account.zip(right).map(|(account, tail)| format!("{account}.{tail}"));
    Some(Misspelt { why, right, unless })
}

/// The tails nearest to this one, if any is near.
fn nearest<'t>(tail: &str, tails: impl Iterator<Item = &'t Tail>) -> Vec<&'t Tail> {
    let once = without_runs(tail);
    let mut best = MOST_EDITS;
    let mut near = Vec::new();
    for known in tails {
        let Tail { text, suffix, .. } = known;
        // The right Region with another partition's domain is one mistake, and so is a lost label.
        let other_domain = text
            .strip_suffix(suffix)
            .and_then(|head| tail.strip_prefix(head))
            .is_some_and(|suffix| PARTITIONS.iter().any(|other| other.dns_suffix == suffix));
        let distance = if other_domain || lacks_a_label(&once, text) {
            1
        } else if text.len().abs_diff(once.len()) > MOST_EDITS {
            continue;
        } else {
            strsim::osa_distance(&once, text)
        };
        if distance < best {
            near.clear();
            best = distance;
        }
        if distance == best {
            near.push(known);
        }
    }
    near
}

/// Whether `name` is `whole` without one of its labels.
fn lacks_a_label(name: &str, whole: &str) -> bool {
    let labels: Vec<_> = whole.split('.').collect();
    (0..labels.len())
        .any(|lost| name.split('.').eq([&labels[..lost], &labels[lost + 1..]].concat()))
}

/// A letter that stands three times or more in a row stuck on the keyboard.
fn without_runs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut run = 1;
        while letters.next_if_eq(&letter).is_some() {
            run += 1;
        }
        let kept = if run > 2 { 1 } else { run };
        out.extend(std::iter::repeat_n(letter, kept));
    }
    out
}

/// A host that is nearly one of a public registry.
fn public(name: &str) -> Option<Misspelt> {
    let (registry, _) = NEAR
        .into_iter()
        .filter(|(registry, _)| registry.len().abs_diff(name.len()) <= MOST_EDITS)
        .map(|(registry, most)| (registry, most, strsim::osa_distance(registry, name)))
        .filter(|(_, most, distance)| distance <= most)
        .map(|(registry, _, distance)| (registry, distance))
        .min_by_key(|(_, distance)| *distance)?;
    Some(Misspelt {
        why: format!("is `{registry}` but for a letter or two"),
        right: Some(registry.to_owned()),
        unless: "it is a registry of your own".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home {
            account: Some("111122223333".to_owned()),
            region: Some("eu-west-1".to_owned()),
            partition: "aws".to_owned(),
        }
    }

    #[test]
    fn misspelt_hosts_are_put_right() {
        let right = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for host in [
            "111122223333.dkr.ecr.eu-west-1.amazonawss.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.commmmm",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.con",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com.cn",
            "111122223333.dkr.ecr.eu-wset-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west1.amazonaws.com",
            "111122223333.drk.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.erc.eu-west-1.amazonaws.com",
            "111122223333.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.amazonaws.com",
            "11112222333.dkr.ecr.eu-west-1.amazonaws.com",
            "1111222233333.dkr.ecr.eu-west-1.amazonaws.com",
            "11112222333o.dkr.ecr.eu-west-1.amazonaws.com",
            "dkr.ecr.eu-west-1.amazonaws.com",
            // One of three Regions as near: the task's.
            "111122223333.dkr.ecr.eu-west-.amazonaws.com",
        ] {
            let found = misspelt(host, &home()).unwrap_or_else(|| panic!("{host}"));
            assert_eq!(found.right.as_deref(), Some(right), "{host}: {}", found.why);
        }
        for (host, right) in [
            ("dokcer.io", "docker.io"),
            ("docker.com", "docker.io"),
            ("ghrc.io", "ghcr.io"),
            ("quai.io", "quay.io"),
            ("public.erc.aws", "public.ecr.aws"),
            (
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com",
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ),
            (
                "111122223333.dkr.ecr.eu-west-1.amazonawss.com:443",
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com:443",
            ),
        ] {
            assert_eq!(
                misspelt(host, &home()).and_then(|found| found.right).as_deref(),
                Some(right),
                "{host}"
            );
        }
    }

    #[test]
    fn what_cannot_be_guessed_is_not_guessed() {
        for host in [
            // Another account, one digit short.
            "99998888777.dkr.ecr.eu-west-1.amazonaws.com",
            "checkout.dkr.ecr.eu-west-1.amazonaws.com",
            // As near to six Regions, none of them the task's.
            "111122223333.dkr.ecr.ap-southeast-.amazonaws.com",
            "111122223333.dkr.ecr.zz-nowhere-1.amazonaws.com",
        ] {
            let found = misspelt(host, &home()).unwrap_or_else(|| panic!("{host}"));
            assert_eq!(found.right, None, "{host}: {}", found.why);
        }
    }

    #[test]
    fn other_hosts_are_left_alone() {
        for host in [
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com:443",
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "111122223333.dkr-ecr.eu-west-1.on.aws",
            "111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
            "000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566",
            "vpce-0123456789abcdef0-abcdefgh.dkr.ecr.eu-west-1.vpce.amazonaws.com",
            "docker.io",
            "registry-1.docker.io",
            "ghcr.io",
            "quay.io",
            "public.ecr.aws",
            "gcr.io",
            "eu.gcr.io",
            "europe-west1-docker.pkg.dev",
            "registry.gitlab.com",
            "mcr.microsoft.com",
            "registry.k8s.io",
            "nvcr.io",
            "cgr.dev",
            "docker.elastic.co",
            "registry.example.com",
            "docker.example.com:5000",
            "localhost:5000",
            "example.azurecr.io",
            "s3.amazonaws.com",
            "10.0.0.1:5000",
        ] {
            assert_eq!(misspelt(host, &home()), None, "{host}");
        }
        // A Region that is not on the list, but the task runs there.
        let home = Home { region: Some("eu-west-9".to_owned()), ..home() };
        assert_eq!(misspelt("111122223333.dkr.ecr.eu-west-9.amazonaws.com", &home), None);
    }
}
