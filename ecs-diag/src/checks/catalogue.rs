//! The page of all checks, those that are not there yet or cannot be among them.

use std::{collections::BTreeSet, env, fs, path::Path};

use super::all;

/// Questions that have no check, by the reason.
const OPEN: &[(&str, &[&str])] = &[
    (
        "a property of how texts are read, which every reading has",
        &[
            "cls-container-reason",
            "cls-ec2-raw-agent-text",
            "cls-message-generation",
            "cls-nested-event",
            "cls-network-marker",
            "cls-normalise-text",
            "cls-reason-route",
            "cls-sdk-status-zero",
            "cls-stop-code",
            "cls-truncation",
        ],
    ),
    (
        "never: it would take the value of a secret",
        &["sec-asm-binary", "sec-asm-json-key-present", "sec-asm-json-nonstring"],
    ),
    (
        "not yet: comes with the evaluation of policies",
        &[
            "ci-instance-profile",
            "ebs-infra-role",
            "efs-fs-policy",
            "efs-iam",
            "env-perms",
            "exec-caller",
            "exec-kms",
            "exec-role-ssmmessages",
            "exr-agent-version",
            "exr-boundary-scp",
            "exr-credentials-not-found",
            "exr-passrole",
            "exr-perm-matrix",
            "exr-propagation",
            "exr-simulation-caveats",
            "exr-slr",
            "exr-stale-principal-id",
            "exr-swapped-roles",
            "ext-exec-role",
            "ext-role",
            "gd-exec-role",
            "gd-scp-boundary",
            "img-ecr-identity-perms",
            "img-ecr-repo-policy",
            "img-private-creds-perms",
            "kms-ebs",
            "kms-fargate-ephemeral",
            "kms-identity-perm",
            "kms-key-policy",
            "kms-log-group",
            "log-create-group-perm",
            "log-identity",
            "log-stream-perm",
            "sec-asm-iam",
            "sec-asm-resource-policy",
            "sec-ssm-iam",
            "sec-ssm-securestring-kms",
            "ssm-permissions",
            "ssm-trust",
            "svc-elb-role",
            "svc-iam-events",
            "tr-ec2-agent",
            "tr-ec2-config",
            "tr-ec2-iptables",
            "tr-exists-trust",
            "tr-imds-block",
            "tr-metadata-throttle",
            "tr-needed",
            "tr-proxy-noproxy",
            "tr-self-assume",
            "tr-static-keys",
            "tr-windows",
        ],
    ),
    (
        "not yet: comes with a model of the network",
        &[
            "acl-dns",
            "acl-egress-443",
            "acl-endpoint-subnet",
            "acl-ingress-ephemeral",
            "ci-network-to-ecs",
            "dns-custom-reachable",
            "dns-dhcp-options",
            "dns-firewall",
            "dns-phz-shadow",
            "dns-stale-dhcp",
            "dns-vpc-attributes",
            "efs-dns",
            "efs-ipv6-preference",
            "efs-sg-2049",
            "env-network",
            "exec-endpoint",
            "exr-sourcevpce-condition",
            "ext-endpoints",
            "gd-data-endpoint",
            "gd-network",
            "gd-network-config",
            "img-public-registry-egress",
            "kms-endpoint-not-needed",
            "log-network",
            "net-eni-quota",
            "net-public-ip",
            "net-public-ip-ec2-awsvpc",
            "net-public-ip-private-subnet",
            "net-source-interface",
            "net-subnet-az-supported",
            "px-firewall-domains",
            "px-host-proxy",
            "px-live-probe",
            "rt-blackhole",
            "rt-default-route",
            "rt-igw-attached",
            "rt-more-specific",
            "rt-nat-health",
            "rt-nat-instance",
            "rt-nat-public-subnet",
            "rt-resolve-table",
            "sg-egress-443",
            "sg-egress-dns",
            "sg-egress-efs",
            "sg-egress-s3-prefix-list",
            "sg-inbound-not-needed",
            "sg-stale-reference",
            "ssm-endpoints",
            "svc-lb-network",
            "v6-dualstack-setting",
            "v6-only-subnet",
            "v6-policy-sourceip",
            "v6-routing",
            "v6-sg-acl",
            "vpce-az-subnets",
            "vpce-centralized",
            "vpce-cross-region",
            "vpce-dualstack-ecr",
            "vpce-ecs-trio",
            "vpce-hijack",
            "vpce-partial-set",
            "vpce-policy-interface",
            "vpce-private-dns",
            "vpce-required-set",
            "vpce-s3-interface",
            "vpce-s3-policy",
            "vpce-s3-route",
            "vpce-service-connect",
            "vpce-sg-ingress",
            "vpce-state",
        ],
    ),
    (
        "not yet: GuardDuty Runtime Monitoring and SSM Agent come with the two above",
        &[
            "gd-coverage",
            "gd-exclusion-tag",
            "gd-invocation",
            "gd-memory",
            "gd-not-the-cause",
            "gd-platform",
            "gd-relaunch",
            "gd-taskarn-format",
            "ssm-imds-proxy",
            "ssm-log-classify",
            "ssm-throttle",
        ],
    ),
];

#[test]
fn the_page_of_checks_names_each_once() {
    let mut page = "| check | domain | question |\n|---|---|---|\n".to_owned();
    let mut known = BTreeSet::new();
    for meta in all().iter().map(|entry| entry.check.meta()) {
        assert!(known.insert(meta.id.to_string()), "{} is there twice", meta.id);
        let title = meta.docs.lines().next().unwrap_or_default().trim();
        page += &format!("| `{}` | `{}` | {} |\n", meta.id, meta.domain, title.replace('|', "\\|"));
    }
    page += "\n| no check | why |\n|---|---|\n";
    for (why, ids) in OPEN {
        for id in *ids {
            assert!(known.insert((*id).to_owned()), "{id} is there twice");
            page += &format!("| `{id}` | {why} |\n");
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    if env::var_os("ECS_DIAG_BLESS").is_some() {
        fs::write(file, page).unwrap();
    } else {
        assert_eq!(fs::read_to_string(file).unwrap(), page, "run `make bless`");
    }
}
