use super::{ELSEWHERE, is_external, nodes, request};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

check! {
    /// The external instance has an operating system that ECS Anywhere supports
    ///
    /// # What it looks at
    /// What Systems Manager tells of the operating system of the external instance that the task
    /// was placed on, else of those of the cluster.
    ///
    /// # Why it matters
    /// On other systems the agent may start and fail later. Fedora 32 and 33 use version 2 of
    /// cgroups, which agents of their time do not know: their boot parameters must be changed.
    ///
    /// # How to fix it
    /// Use one of the supported systems.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html>
    CgroupOs {
        id: "ext-cgroup-os",
        domain: "external",
        phase: Place,
        causes: [],
        explains: [],
    }
}

/// Systems that ECS Anywhere supports, by a word of the name that Systems Manager has for them, and
/// how their versions begin; any where none is named. As of November 2026.
const SUPPORTED: [(&str, &[&str]); 9] = [
    ("amazon linux", &["2", "2023"]),
    ("centos stream", &["9"]),
    ("red hat enterprise linux", &["7", "8", "9"]),
    ("fedora", &["32", "33", "40"]),
    ("opensuse", &[]),
    ("ubuntu", &["18", "20", "22", "24"]),
    ("debian", &["10", "11", "12"]),
    ("sles", &["15"]),
    ("windows server", &[]),
];

fn is_supported(name: &str, version: &str) -> bool {
    let name = name.to_lowercase();
    let major = version.split(['.', ' ']).next().unwrap_or_default();
    SUPPORTED.iter().any(|(word, versions)| {
        name.contains(word) && (versions.is_empty() || versions.contains(&major))
    })
}

impl Check for CgroupOs {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !is_external(cx)? {
            return cx.not_applicable(ELSEWHERE);
        }
        let candidates = instances::own_or_all(cx)?;
        let nodes = nodes(cx, &candidates)?;
        let mut others = Vec::new();
        let mut old = false;
        for node in &nodes {
            let Some(name) = node.platform_name.as_deref() else { continue };
            let version = node.platform_version.as_deref().unwrap_or_default();
            let cgroups = name.to_lowercase().contains("fedora")
                && ["32", "33"].iter().any(|old| version.starts_with(old));
            if cgroups || !is_supported(name, version) {
                old |= cgroups;
                others.push((node.instance_id.as_str(), format!("{name} {version}")));
            }
        }
        let Some((first, system)) = others.first() else { return Ok(()) };
        let Some(instance) =
            candidates.iter().find(|instance| instance.ec2_instance_id.as_deref() == Some(first))
        else {
            return Ok(());
        };
        let more = match others.len() {
            1 => String::new(),
            count => format!(", as {} others run such a system", count - 1),
        };
        let chunk = &candidates[..candidates.len().min(super::AT_ONCE)];
        let query = cx.query(&request(chunk));
        let detail = if old {
            "it uses version 2 of cgroups, which its agent may not know: the server's boot \
             parameters must be changed"
        } else {
            "it is not on the list of systems that ECS Anywhere supports"
        };
        cx.report(
            Finding::info(format!("external instance `{first}` runs {system}{more}"))
                .detail(detail)
                .resource(instance.resource())
                .evidence(Evidence::new(query, "/PlatformName", system.as_str()).object(*first))
                .remedy(Remedy::new("use a system that ECS Anywhere supports")),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::{super::managed_online::tests::node, is_supported};
    use crate::checks::{
        instances::fixtures::placed,
        testing::{Examples, World},
    };

    const ID: &str = "ext-cgroup-os";
    const MESSAGE: &str = "TaskFailedToStart: AGENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world, "CentOS Linux", "7").stopped(MESSAGE);
        },
        passes: |world| {
            on(world, "Ubuntu", "22.04");
        },
        unknown: |world| {
            on(world, "CentOS Linux", "7").stopped(MESSAGE).deny("ssm:DescribeInstanceInformation");
        },
        near_miss: |world| {
            on(world, "Ubuntu", "22.04").stopped(MESSAGE);
        },
    };

    fn on<'w>(world: &'w mut World, name: &str, version: &str) -> &'w mut World {
        node(placed(world, "EXTERNAL", &[]), "Online")
            .set("InstanceInformationList", "/InstanceInformationList/0/PlatformName", json!(name))
            .set(
                "InstanceInformationList",
                "/InstanceInformationList/0/PlatformVersion",
                json!(version),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        info: external instance `mi-0a000000000000001` runs CentOS Linux 7
          it is not on the list of systems that ECS Anywhere supports
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: use a system that ECS Anywhere supports
        ");
    }

    #[test]
    fn names_are_those_of_systems_manager() {
        for (name, version, supported) in [
            ("Amazon Linux", "2", true),
            ("Amazon Linux", "2023", true),
            ("Amazon Linux AMI", "2018.03", false),
            ("Ubuntu", "24.04", true),
            ("Ubuntu", "16.04", false),
            ("Red Hat Enterprise Linux", "8.6", true),
            ("Debian GNU/Linux", "12", true),
            ("CentOS Stream", "9", true),
            ("CentOS Linux", "8", false),
            ("SLES", "15.3", true),
            ("Microsoft Windows Server 2022 Datacenter", "10.0.20348", true),
        ] {
            assert_eq!(is_supported(name, version), supported, "{name} {version}");
        }
    }

    #[test]
    fn fedora_has_another_version_of_cgroups() {
        let mut world = World::default();
        on(&mut world, "Fedora Linux", "33");
        assert!(world.outcome(ID).findings[0].detail.contains("cgroups"));
        on(&mut world, "Fedora Linux", "40");
        assert!(world.outcome(ID).findings.is_empty());
    }
}
