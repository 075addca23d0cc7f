//! Partitions and their Regions.
//!
//! Source: `data/partitions.json` of botocore 1.44.5. The DNS names of registries with IPv6
//! addresses are those of <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>;
//! where that page names none, there is none here.

/// The day of the list: a Region that is not on it may have been opened since.
pub(crate) const AS_OF: &str = "2026-11-17";

/// A partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partition {
    /// Name in ARNs.
    pub(crate) id: &'static str,
    /// DNS suffix of its services.
    pub(crate) dns_suffix: &'static str,
    /// DNS suffix of its registries with IPv6 addresses.
    pub(crate) dual_stack_suffix: Option<&'static str>,
    /// Regions.
    pub(crate) regions: &'static [&'static str],
}

/// Every partition.
#[rustfmt::skip]
pub(crate) const PARTITIONS: &[Partition] = &[
    Partition {
        id: "aws", dns_suffix: "amazonaws.com", dual_stack_suffix: Some("on.aws"),
        regions: &[
            "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2",
            "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2",
            "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
            "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2",
            "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
            "il-central-1", "me-central-1", "me-south-1", "me-west-1", "mx-central-1", "sa-east-1",
            "sa-west-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
        ],
    },
    Partition {
        id: "aws-cn", dns_suffix: "amazonaws.com.cn",
        dual_stack_suffix: Some("on.amazonwebservices.com.cn"),
        regions: &["cn-north-1", "cn-northwest-1"],
    },
    Partition {
        id: "aws-us-gov", dns_suffix: "amazonaws.com", dual_stack_suffix: Some("on.aws"),
        regions: &["us-gov-east-1", "us-gov-west-1"],
    },
    Partition {
        id: "aws-eusc", dns_suffix: "amazonaws.eu",
        dual_stack_suffix: Some("on.amazonwebservices.eu"),
        regions: &["eusc-de-east-1"],
    },
    Partition {
        id: "aws-iso", dns_suffix: "c2s.ic.gov", dual_stack_suffix: Some("on.aws.ic.gov"),
        regions: &["us-iso-east-1", "us-iso-west-1"],
    },
    Partition {
        id: "aws-iso-b", dns_suffix: "sc2s.sgov.gov", dual_stack_suffix: Some("on.aws.scloud"),
        regions: &["us-isob-east-1", "us-isob-west-1"],
    },
    Partition {
        id: "aws-iso-e", dns_suffix: "cloud.adc-e.uk", dual_stack_suffix: None,
        regions: &["eu-isoe-west-1"],
    },
    Partition {
        id: "aws-iso-f", dns_suffix: "csp.hci.ic.gov", dual_stack_suffix: None,
        regions: &["us-isof-east-1", "us-isof-south-1"],
    },
];

/// The partition of this name.
pub(crate) fn partition(id: &str) -> Option<&'static Partition> {
    PARTITIONS.iter().find(|partition| partition.id == id)
}

/// Whether a Region is on the list.
pub(crate) fn is_listed(region: &str) -> bool {
    PARTITIONS.iter().any(|partition| partition.regions.contains(&region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::is_region;

    #[test]
    fn every_region_has_the_form_of_one_and_one_partition() {
        let mut regions: Vec<_> = PARTITIONS.iter().flat_map(|p| p.regions).collect();
        assert!(regions.iter().all(|region| is_region(region)));
        let all = regions.len();
        regions.sort_unstable();
        regions.dedup();
        assert_eq!(regions.len(), all);
    }
}
