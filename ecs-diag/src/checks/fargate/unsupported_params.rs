use serde_json::json;

use crate::{
    LaunchType, Phase,
    aws::ecs::{ContainerDefinition, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Fargate knows the task definition's parameters
    ///
    /// # What it looks at
    /// Parameters that Fargate does not have: `disableNetworking`, `dnsSearchDomains`, `dnsServers`,
    /// `dockerSecurityOptions`, `extraHosts`, `links`, `privileged`, GPUs in `resourceRequirements`;
    /// `devices`, `maxSwap`, `swappiness`, `sharedMemorySize` and added capabilities other than
    /// `SYS_PTRACE` in `linuxParameters`; `ipcMode`, a `pidMode` other than `task`,
    /// `placementConstraints`, and volumes with `dockerVolumeConfiguration` or a `sourcePath` of the
    /// host.
    ///
    /// # Why it matters
    /// There is no host to reach: ECS refuses such a task definition for Fargate, with a
    /// `ClientException` that names the parameter.
    ///
    /// # How to fix it
    /// Remove the parameters, or run the task on EC2 instances.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html>, as of
    /// November 2026
    UnsupportedParams {
        id: "fg-unsupported-params",
        domain: "fargate",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// The capability that can be added on Fargate.
const ALLOWED: &str = "SYS_PTRACE";

/// A parameter that Fargate does not know.
struct Unknown {
    name: String,
    /// Place in the task definition.
    pointer: String,
    edit: Edit,
}

impl Check for UnsupportedParams {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        // What runs on Fargate is known there, whatever this list says.
        if cx.proven(Phase::Start)? {
            return Ok(());
        }
        let mut unknown = of_task(&definition);
        for (at, container) in definition.container_definitions.iter().enumerate() {
            unknown.extend(of_container(&definition, at, container));
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = unknown.iter().map(|one| one.name.clone()).collect();
        let mut remedy = Remedy::new("remove them, or run the task on EC2 instances");
        let mut finding = Finding::blocker(format!(
            "task definition `{}` has parameters that Fargate does not know: {}",
            definition::name(&definition),
            names.join(", ")
        ))
        .detail("ECS refuses a task definition with any of them for Fargate")
        .resource(definition::resource(&definition))
        .changed_at(definition.registered_at);
        for one in unknown {
            finding =
                finding.evidence(definition::evidence(cx, &definition, &one.pointer, one.name)?);
            remedy = remedy.edit(one.edit);
        }
        cx.report(finding.remedy(definition::deployed(cx, &definition, remedy)));
        Ok(())
    }
}

fn removed(definition: &TaskDefinition, name: String, pointer: String) -> Unknown {
    let edit = Edit::Remove(definition::object(definition), pointer.clone());
    Unknown { name, pointer, edit }
}

fn of_task(definition: &TaskDefinition) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    let mut add = |name: String, pointer: String| unknown.push(removed(definition, name, pointer));
    if definition.ipc_mode.is_some() {
        add("`ipcMode`".to_owned(), "/ipcMode".to_owned());
    }
    if let Some(mode) = definition.pid_mode.as_ref().filter(|mode| *mode != "task") {
        add(format!("`pidMode` `{mode}`"), "/pidMode".to_owned());
    }
    if !definition.placement_constraints.is_empty() {
        add("`placementConstraints`".to_owned(), "/placementConstraints".to_owned());
    }
    for (at, volume) in definition.volumes.iter().enumerate() {
        let of = format!("of volume `{}`", volume.name);
        if volume.docker_volume_configuration.is_some() {
            let pointer = format!("/volumes/{at}/dockerVolumeConfiguration");
            add(format!("`dockerVolumeConfiguration` {of}"), pointer);
        }
        let path = volume.host.as_ref().and_then(|host| host.source_path.as_ref());
        if path.is_some_and(|path| !path.is_empty()) {
            add(format!("`sourcePath` {of}"), format!("/volumes/{at}/host/sourcePath"));
        }
    }
    unknown
}

fn of_container(
    definition: &TaskDefinition,
    at: usize,
    container: &ContainerDefinition,
) -> Vec<Unknown> {
    let base = format!("/containerDefinitions/{at}");
    let of = format!("of container `{}`", container.name);
    let linux = container.linux_parameters.clone().unwrap_or_default();
    let mut unknown: Vec<Unknown> = [
        ("disableNetworking", container.disable_networking == Some(true)),
        ("dnsSearchDomains", !container.dns_search_domains.is_empty()),
        ("dnsServers", !container.dns_servers.is_empty()),
        ("dockerSecurityOptions", !container.docker_security_options.is_empty()),
        ("extraHosts", !container.extra_hosts.is_empty()),
        ("links", !container.links.is_empty()),
        ("privileged", container.privileged == Some(true)),
        ("linuxParameters/devices", !linux.devices.is_empty()),
        ("linuxParameters/maxSwap", linux.max_swap.is_some()),
        ("linuxParameters/swappiness", linux.swappiness.is_some()),
        ("linuxParameters/sharedMemorySize", linux.shared_memory_size.is_some()),
    ]
    .into_iter()
    .filter(|(_, used)| *used)
    .map(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        removed(definition, format!("`{name}` {of}"), format!("{base}/{path}"))
    })
    .collect();

    let gpus = |kind: &Option<String>| kind.as_deref() == Some("GPU");
    if container.resource_requirements.iter().any(|required| gpus(&required.kind)) {
        let pointer = format!("{base}/resourceRequirements");
        let kept: Vec<_> = container
            .resource_requirements
            .iter()
            .filter(|required| !gpus(&required.kind))
            .map(|required| {
                let value = required.value.as_ref().map(|value| value.0.clone());
                json!({"type": required.kind, "value": value})
            })
            .collect();
        let edit = definition::set(definition, &pointer, kept);
        unknown.push(Unknown { name: format!("GPUs {of}"), pointer, edit });
    }
    let added = linux.capabilities.map(|capabilities| capabilities.add).unwrap_or_default();
    let others: Vec<_> = added.iter().filter(|one| *one != ALLOWED).collect();
    if !others.is_empty() {
        let pointer = format!("{base}/linuxParameters/capabilities/add");
        let kept: Vec<_> = added.iter().filter(|one| *one == ALLOWED).cloned().collect();
        let edit = definition::set(definition, &pointer, kept);
        let others: Vec<_> = others.iter().map(|one| format!("`{one}`")).collect();
        let name = format!("added capabilities {} {of}", others.join(", "));
        unknown.push(Unknown { name, pointer, edit });
    }
    unknown
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "fg-unsupported-params";
    const MESSAGE: &str = "ClientException: Tasks using the Fargate launch type do not support \
        'privileged'.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).container("/privileged", json!(true)).definition(
                "/volumes",
                json!([{"name": "docker", "host": {"sourcePath": "/var/run/docker.sock"}}]),
            );
        },
        passes: |world| {
            world
                .container("/privileged", json!(false))
                .container("/linuxParameters", json!({"capabilities": {"add": ["SYS_PTRACE"]}}))
                .definition("/volumes", json!([{"name": "scratch", "host": {}}]));
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: task definition `checkout:42` has parameters that Fargate does not know: `sourcePath` of volume `docker`, `privileged` of container `app`
          ECS refuses a task definition with any of them for Fargate
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): remove them, or run the task on EC2 instances
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn every_parameter_is_found_and_its_removal_proved() {
        let container = |pointer: &str| format!("/containerDefinitions/0{pointer}");
        for (pointer, value) in [
            (container("/disableNetworking"), json!(true)),
            (container("/dnsServers"), json!(["10.0.0.2"])),
            (container("/dockerSecurityOptions"), json!(["label:disable"])),
            (container("/extraHosts"), json!([{"hostname": "a", "ipAddress": "10.0.0.1"}])),
            (container("/links"), json!(["b"])),
            (container("/resourceRequirements"), json!([{"type": "GPU", "value": "1"}])),
            (container("/linuxParameters"), json!({"sharedMemorySize": 64, "swappiness": 60})),
            (container("/linuxParameters"), json!({"devices": [{"hostPath": "/dev/kvm"}]})),
            (
                container("/linuxParameters"),
                json!({"capabilities": {"add": ["SYS_PTRACE", "NET_ADMIN"]}}),
            ),
            ("/ipcMode".to_owned(), json!("task")),
            ("/pidMode".to_owned(), json!("host")),
            ("/placementConstraints".to_owned(), json!([{"type": "memberOf"}])),
            (
                "/volumes".to_owned(),
                json!([{"name": "a", "dockerVolumeConfiguration": {"driver": "local"}}]),
            ),
        ] {
            let mut world = World::default();
            world.stopped(MESSAGE).definition(&pointer, value);
            assert!(world.verified(ID), "{pointer}");
        }
    }

    #[test]
    fn instances_have_them_all_and_so_has_what_runs() {
        let mut world = EXAMPLES.failing();
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        let mut world = EXAMPLES.failing();
        world.task("/launchType", json!("EC2")).task("/platformVersion", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        // Fargate has tmpfs.
        let mut world = World::default();
        world.container("/linuxParameters", json!({"tmpfs": [{"containerPath": "/t", "size": 8}]}));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
