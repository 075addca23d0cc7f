//! Registries of AWS itself, from which its sidecars are pulled.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-using-fluentbit.html>,
//! <https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy.html>, as of November 2026. Regions
//! that are not listed have accounts of their own: nothing is said about them.

/// The account that has an image in some Regions.
struct Owner {
    repository: &'static str,
    account: &'static str,
    regions: &'static [&'static str],
}

const FLUENT_BIT: &str = "aws-for-fluent-bit";
const ENVOY: &str = "aws-appmesh-envoy";

const MAIN: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

const OWNERS: [Owner; 12] = [
    Owner { repository: FLUENT_BIT, account: "906394416424", regions: MAIN },
    Owner { repository: FLUENT_BIT, account: "449074385750", regions: &["ap-east-1"] },
    Owner { repository: FLUENT_BIT, account: "741863432321", regions: &["me-south-1"] },
    Owner {
        repository: FLUENT_BIT,
        account: "161423150738",
        regions: &["us-gov-east-1", "us-gov-west-1"],
    },
    Owner {
        repository: FLUENT_BIT,
        account: "128054284489",
        regions: &["cn-north-1", "cn-northwest-1"],
    },
    Owner { repository: ENVOY, account: "840364872350", regions: MAIN },
    Owner { repository: ENVOY, account: "924023996002", regions: &["af-south-1"] },
    Owner { repository: ENVOY, account: "856666278305", regions: &["ap-east-1"] },
    Owner { repository: ENVOY, account: "909464085924", regions: &["ap-southeast-3"] },
    Owner { repository: ENVOY, account: "919366029133", regions: &["cn-north-1"] },
    Owner { repository: ENVOY, account: "422531588944", regions: &["eu-south-1"] },
    Owner { repository: ENVOY, account: "772975370895", regions: &["me-south-1"] },
];

/// Whether an account is one of AWS itself, as far as is known here.
pub(super) fn is_aws(account: &str) -> bool {
    OWNERS.iter().any(|owner| owner.account == account)
}

/// The account of AWS that has this repository in this Region, as far as is known here.
pub(super) fn owner(repository: &str, region: &str) -> Option<&'static str> {
    let mut owners = OWNERS.iter();
    owners
        .find(|owner| owner.repository == repository && owner.regions.contains(&region))
        .map(|owner| owner.account)
}
