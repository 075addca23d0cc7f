//! The container instances of a case: the one that its task was placed on, and those that could take
//! it.
//!
//! They are listed once a run and judged once for every kind of task: checks read the judgement.

use std::{collections::BTreeSet, ops::Deref, sync::Arc};

use serde_json::{Value, json};

use super::{capacity, placement::expression};
use crate::{
    LaunchType, Target,
    aws::ecs::{
        Attribute, ContainerInstance, DescribeContainerInstances, InstanceResource,
        ListContainerInstances, TaskDefinition,
    },
    case::Case,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Resource, Severity},
    shell,
};

/// How many container instances one call describes.
const INSTANCES_A_CALL: usize = 100;
/// How many a cluster can have; more are not looked at.
const MOST_INSTANCES: usize = 5000;
/// ECS takes no more placement constraints.
const MOST_CONSTRAINTS: usize = 20;
/// How many are shown by their ids.
const SHOWN: usize = 3;
/// The attribute of servers outside AWS.
const EXTERNAL: &str = "ecs.capability.external";

/// What can keep a container instance from taking a task, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults(u16);

impl Faults {
    /// It is not `ACTIVE`.
    pub(super) const STATUS: Self = Self(1);
    /// Its agent is disconnected.
    pub(super) const AGENT: Self = Self(1 << 1);
    /// It lacks an attribute that the task definition requires.
    pub(super) const ATTRIBUTE: Self = Self(1 << 2);
    /// It has not enough CPU left.
    pub(super) const CPU: Self = Self(1 << 3);
    /// It has not enough memory left.
    pub(super) const MEMORY: Self = Self(1 << 4);
    /// It has not enough GPUs.
    pub(super) const GPU: Self = Self(1 << 5);
    /// A host port is taken.
    pub(super) const PORT: Self = Self(1 << 6);
    /// It is not what a placement constraint asks for.
    pub(super) const CONSTRAINT: Self = Self(1 << 7);

    /// Whether the sets have something in common.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What comes before: an instance with such a fault takes no task at all.
    fn before(self) -> Self {
        match self {
            Self::STATUS => Self(0),
            Self::AGENT => Self::STATUS,
            _ => Self::STATUS.and(Self::AGENT),
        }
    }
}

/// A container instance, and the call that described it.
#[derive(Clone)]
pub(super) struct Instance {
    described: Arc<ContainerInstance>,
    request: Arc<DescribeContainerInstances>,
}

impl Deref for Instance {
    type Target = ContainerInstance;

    fn deref(&self) -> &Self::Target {
        &self.described
    }
}

impl Instance {
    /// The container instance as an object that a finding is about.
    pub(super) fn resource(&self) -> Resource {
        Resource::new("AWS::ECS::ContainerInstance", self.id())
            .arn(self.container_instance_arn.clone())
    }

    /// The id of the server, else of the container instance.
    pub(super) fn ec2_id(&self) -> &str {
        self.ec2_instance_id.as_deref().unwrap_or_else(|| self.id())
    }

    /// A member of the container instance.
    pub(super) fn evidence(
        &self,
        case: &Case<'_>,
        pointer: &str,
        value: impl Into<Value>,
    ) -> Evidence {
        Evidence::new(case.query(&*self.request), pointer, value)
            .object(self.container_instance_arn.clone())
    }

    /// That the answer does not tell something of the container instance.
    pub(super) fn unclear(&self, case: &Case<'_>, why: impl Into<Arc<str>>) -> Missing {
        Missing::undecided(case.query(&*self.request), why)
    }

    /// The command that updates its agent in place.
    pub(super) fn update_agent(&self, case: &Case<'_>) -> String {
        format!(
            "aws ecs update-container-agent --container-instance {}{}",
            shell::quoted(self.id()),
            super::task::options(case)
        )
    }

    /// Sets a member of the container instance.
    pub(super) fn set(&self, pointer: &str, value: impl Into<Value>) -> Edit {
        let arn = self.container_instance_arn.clone();
        let object = Object::new("containerInstances", "containerInstanceArn", arn);
        Edit::Set(object, pointer.to_owned(), value.into())
    }

    /// Gives the container instance more attributes, or other values of those that it has.
    pub(super) fn with_attributes(&self, more: &[Attribute]) -> Edit {
        let names: BTreeSet<_> = more.iter().map(|attribute| attribute.name.as_str()).collect();
        let kept = self.attributes.iter().filter(|own| !names.contains(own.name.as_str()));
        let all: Vec<_> = kept
            .chain(more)
            .map(|attribute| match &attribute.value {
                Some(value) => json!({"name": attribute.name, "value": value}),
                None => json!({"name": attribute.name}),
            })
            .collect();
        self.set("/attributes", all)
    }
}

/// A container instance, and what keeps it from taking the task.
pub(super) struct Judgement {
    pub(super) instance: Instance,
    /// What it certainly lacks.
    pub(super) faults: Faults,
    /// What cannot be told.
    unclear: Faults,
}

/// What a task asks of a container instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Needs {
    /// CPU units.
    pub(super) cpu: i64,
    /// MiB.
    pub(super) memory: i64,
    pub(super) gpus: i64,
    /// Ports of the host, each with whether it is UDP, sorted.
    pub(super) ports: Vec<(i64, bool)>,
}

impl Needs {
    pub(super) fn of(definition: &TaskDefinition) -> Self {
        let containers = &definition.container_definitions;
        let sum = |sizes: &mut dyn Iterator<Item = i64>| sizes.fold(0, i64::saturating_add);
        let task =
            |size: &Option<crate::aws::Text>| size.as_ref().and_then(crate::aws::Text::number);
        let mode = definition.network_mode.as_deref();
        let mut ports: Vec<_> = containers
            .iter()
            .flat_map(|container| &container.port_mappings)
            .filter_map(|mapping| {
                let port = match mode {
                    // Of an interface of its own the task has every port.
                    Some("awsvpc" | "none") => None,
                    Some("host") => mapping.host_port.or(mapping.container_port),
                    _ => mapping.host_port,
                };
                let udp =
                    mapping.protocol.as_deref().is_some_and(|p| p.eq_ignore_ascii_case("udp"));
                port.filter(|port| *port > 0).map(|port| (port, udp))
            })
            .collect();
        ports.sort_unstable();
        ports.dedup();
        Self {
            cpu: task(&definition.cpu)
                .unwrap_or_else(|| sum(&mut containers.iter().filter_map(|c| c.cpu))),
            memory: task(&definition.memory).unwrap_or_else(|| {
                sum(&mut containers.iter().filter_map(|c| c.memory_reservation.or(c.memory)))
            }),
            gpus: sum(&mut containers
                .iter()
                .flat_map(|container| &container.resource_requirements)
                .filter(|requirement| requirement.kind.as_deref() == Some("GPU"))
                .filter_map(|requirement| requirement.value.as_ref()?.number())),
            ports,
        }
    }
}

/// The container instances that could take the task, each with what keeps it from that.
pub(super) struct Judged {
    pub(super) instances: Vec<Judgement>,
    pub(super) needs: Needs,
}

/// Instances that fail for one reason, and how much that explains.
pub(super) struct Failing<'j> {
    pub(super) instances: Vec<&'j Judgement>,
    /// How many were asked.
    pub(super) of: usize,
    pub(super) severity: Severity,
}

impl Failing<'_> {
    /// "the only container instance", "both container instances" or "2 of 3 container instances".
    pub(super) fn count(&self) -> String {
        match (self.instances.len(), self.of) {
            (_, 1) => "the only container instance".to_owned(),
            (2, 2) => "both container instances".to_owned(),
            (failing, of) if failing == of => format!("all {of} container instances"),
            (failing, of) => format!("{failing} of {of} container instances"),
        }
    }

    /// `s` where one instance is told of, for "lack" and "lacks".
    pub(super) fn verb<'v>(&self, one: &'v str, many: &'v str) -> &'v str {
        if self.of == 1 || self.instances.len() == 1 { one } else { many }
    }

    /// What the others have, where they do not take the task either.
    pub(super) fn others(&self) -> &'static str {
        if self.severity == Severity::Blocker {
            ""
        } else {
            "; the other instances do not have this fault, but others that keep them from taking it"
        }
    }

    /// The ids of the first ones.
    pub(super) fn ids(&self) -> String {
        shown(self.instances.iter().map(|judgement| &judgement.instance))
    }

    /// A finding about them: on the cluster, by the name of the one that the message names.
    pub(super) fn finding(
        &self,
        case: &Case<'_>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) -> Result<Finding, Missing> {
        let detail = detail.into() + self.others();
        let finding = Finding::of(self.severity, summary).detail(detail).resource(cluster(case));
        Ok(match named(case)? {
            Some(id) if self.instances.iter().any(|judgement| judgement.instance.id() == id) => {
                finding.named(id)
            }
            _ => finding,
        })
    }
}

impl Judged {
    /// The instances that have a fault, of those that no earlier fault rules out; `None` where
    /// there are none, or another instance can take the task all the same.
    pub(super) fn failing(
        &self,
        case: &Case<'_>,
        fault: Faults,
    ) -> Result<Option<Failing<'_>>, Missing> {
        self.failing_by(case, fault, |judgement| {
            if judgement.faults.has(fault) {
                Some(true)
            } else if judgement.unclear.has(fault) {
                None
            } else {
                Some(false)
            }
        })
    }

    /// The same for a fault that `fails` tells of, `None` where it cannot.
    pub(super) fn failing_by(
        &self,
        case: &Case<'_>,
        fault: Faults,
        mut fails: impl FnMut(&Judgement) -> Option<bool>,
    ) -> Result<Option<Failing<'_>>, Missing> {
        let mut failing = Vec::new();
        let mut unclear = None;
        let (mut of, mut others) = (0, 0);
        for judgement in &self.instances {
            if judgement.faults.has(fault.before()) {
                continue;
            }
            of += 1;
            match fails(judgement) {
                Some(true) => failing.push(judgement),
                Some(false) if judgement.faults.without(fault) != Faults::default() => others += 1,
                Some(false) if judgement.unclear.without(fault) == Faults::default() => {
                    return Ok(None);
                }
                _ => unclear = unclear.or(Some(judgement)),
            }
        }
        if let Some(unclear) = unclear {
            return Err(unclear.unclear(case));
        }
        let severity = if others == 0 { Severity::Blocker } else { Severity::Likely };
        Ok((!failing.is_empty()).then_some(Failing { instances: failing, of, severity }))
    }

    /// Whether an instance is `ACTIVE` with a connected agent, as far as is known.
    pub(super) fn any_up(&self) -> bool {
        self.instances.iter().any(Judgement::is_up)
    }
}

impl Judgement {
    pub(super) fn is_up(&self) -> bool {
        !self.faults.has(Faults::STATUS.and(Faults::AGENT))
    }

    fn unclear(&self, case: &Case<'_>) -> Missing {
        let id = self.instance.id();
        let why = format!("the answer does not tell whether `{id}` can take the task");
        self.instance.unclear(case, why)
    }
}

/// The ids of the first instances, and how many there are beside.
fn shown<'i>(instances: impl Iterator<Item = &'i Instance>) -> String {
    listed(instances.map(Instance::ec2_id))
}

/// The first ids, and how many there are beside.
pub(super) fn listed<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    let mut first = Vec::new();
    let mut more = 0_usize;
    for id in ids {
        if first.len() < SHOWN {
            first.push(format!("`{id}`"));
        } else {
            more += 1;
        }
    }
    match more {
        0 => first.join(", "),
        _ => format!("{} and {more} more", first.join(", ")),
    }
}

/// The cluster as the object that a finding is about.
pub(super) fn cluster(case: &Case<'_>) -> Resource {
    let name = cluster_name(case);
    let resource = Resource::new("AWS::ECS::Cluster", name.clone());
    match (case.region(), case.account()) {
        (Some(region), Some(account)) => {
            resource.arn(format!("arn:{}:ecs:{region}:{account}:cluster/{name}", case.partition()))
        }
        _ => resource,
    }
}

/// The name of the cluster.
pub(super) fn cluster_name(case: &Case<'_>) -> String {
    case.cluster().unwrap_or_else(|| "default".to_owned())
}

/// The command that shows container instances.
pub(super) fn describe_command(case: &Case<'_>, instances: &[&str]) -> String {
    let ids: Vec<_> = instances.iter().map(|id| shell::quoted(id)).collect();
    format!(
        "aws ecs describe-container-instances --container-instances {}{}",
        ids.join(" "),
        super::task::options(case)
    )
}

/// The container instance that the failure message names.
fn named(case: &Case<'_>) -> Result<Option<String>, Missing> {
    Ok(case.symptom()?.and_then(|symptom| symptom.reading.parameters.get("instance").cloned()))
}

/// The request that lists the cluster's container instances.
pub(super) fn list_request(case: &Case<'_>) -> ListContainerInstances {
    ListContainerInstances { cluster: case.cluster() }
}

/// The request for container instances of the cluster.
fn request(case: &Case<'_>, arns: impl IntoIterator<Item = String>) -> DescribeContainerInstances {
    DescribeContainerInstances::new(case.cluster().as_deref(), arns)
}

/// The container instances of the cluster, sorted; described once a run.
fn all(case: &Case<'_>) -> Result<Arc<Vec<Instance>>, Missing> {
    let key = format!("all {:?} {:?}", case.region(), case.cluster());
    case.derived(&key, || {
        // Without a cluster there are no instances.
        let list = case.get(&list_request(case))?;
        let mut arns = list.map_or(vec![], |list| list.container_instance_arns.clone());
        arns.sort_unstable();
        arns.truncate(MOST_INSTANCES);
        let mut found = Vec::with_capacity(arns.len());
        let mut missing = None;
        for arns in arns.chunks(INSTANCES_A_CALL) {
            let request = Arc::new(request(case, arns.iter().cloned()));
            match case.get(&*request) {
                Ok(answer) => found.extend(
                    answer.iter().flat_map(|answer| &answer.container_instances).map(|described| {
                        Instance { described: described.clone(), request: request.clone() }
                    }),
                ),
                Err(gap) => missing = missing.or(Some(gap)),
            }
        }
        found.sort_by(|a, b| a.container_instance_arn.cmp(&b.container_instance_arn));
        missing.map_or(Ok(found), Err)
    })
}

/// The container instances of the cluster that are, or are not, servers outside AWS.
fn of_kind(case: &Case<'_>, external: bool) -> Result<Arc<Vec<Instance>>, Missing> {
    let key = format!("external {external} {:?} {:?}", case.region(), case.cluster());
    case.derived(&key, || {
        let mut instances = Vec::clone(&*all(case)?);
        instances.retain(|instance| instance.has(EXTERNAL) == external);
        Ok(instances)
    })
}

/// The container instances of the cluster by the id of their servers.
pub(super) fn registered(case: &Case<'_>) -> Result<Vec<String>, Missing> {
    let mut ids: Vec<_> =
        all(case)?.iter().filter_map(|instance| instance.ec2_instance_id.clone()).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// What a question about container instances gives, or why it does not arise.
pub(super) type Arises<T> = Result<T, &'static str>;

/// Whether the account runs the task's hosts.
pub(super) fn own_hosts(case: &Case<'_>) -> Result<Arises<LaunchType>, Missing> {
    Ok(match capacity::launch_type(case)? {
        LaunchType::Fargate => Err("the task runs on Fargate, which has no container instances"),
        LaunchType::ManagedInstances => Err("AWS runs the instances of ECS Managed Instances"),
        kind => Ok(kind),
    })
}

/// A container instance; `None` if it is gone.
fn described(case: &Case<'_>, arn: &str) -> Result<Option<Instance>, Missing> {
    let request = request(case, [arn.to_owned()]);
    let answer = case.get(&request)?;
    let described = answer.and_then(|answer| {
        answer.container_instances.iter().find(|i| i.container_instance_arn == arn).cloned()
    });
    Ok(described.map(|described| Instance { described, request: Arc::new(request) }))
}

/// The container instance that the task was placed on; `None` while it was not placed on one.
pub(super) fn own(case: &Case<'_>) -> Result<Option<Instance>, Missing> {
    let Some(arn) = case.task()?.and_then(|task| task.container_instance_arn.clone()) else {
        return Ok(None);
    };
    if let Some(instance) = described(case, &arn)? {
        return Ok(Some(instance));
    }
    let why = format!("container instance `{arn}` is not registered any more");
    Err(Missing::undecided(case.query(&request(case, [arn])), why))
}

/// The host of the account that the task was placed on; `None` if it is gone.
pub(super) fn placed_on(case: &Case<'_>) -> Result<Arises<Option<Instance>>, Missing> {
    if let Err(why) = own_hosts(case)? {
        return Ok(Err(why));
    }
    match case.task()?.and_then(|task| task.container_instance_arn.clone()) {
        Some(arn) => described(case, &arn).map(Ok),
        None => Ok(Err("the task was not placed on a container instance")),
    }
}

/// The container instance that the task was placed on, else all of the kind that it wants.
pub(super) fn own_or_all(case: &Case<'_>) -> Result<Arc<Vec<Instance>>, Missing> {
    match own(case)? {
        Some(instance) => Ok(Arc::new(vec![instance])),
        None => of_kind(case, case.launch_type()? == LaunchType::External),
    }
}

/// That no container instance can do what a task needs.
pub(super) struct Lack {
    /// The container instance, or the cluster.
    pub(super) resource: Resource,
    /// Subject of a sentence: "container instance `…` (agent 1.30.0) does not", "none of …".
    pub(super) who: String,
    pub(super) evidence: Evidence,
}

/// Whether the container instance that the task was placed on, or every one that it could be placed
/// on, lacks something. A cluster without any is another question.
pub(super) fn lack(
    case: &Case<'_>,
    has: impl Fn(&ContainerInstance) -> bool,
) -> Result<Option<Lack>, Missing> {
    let instances = own_or_all(case)?;
    if instances.is_empty() || instances.iter().any(|instance| has(instance)) {
        return Ok(None);
    }
    if let [instance] = instances.as_slice() {
        let agent = instance.version_info.agent_version.as_ref();
        let agent = agent.map_or(String::new(), |version| format!(" (agent {version})"));
        return Ok(Some(Lack {
            resource: instance.resource(),
            who: format!("container instance `{}`{agent} does not have", instance.id()),
            evidence: instance.evidence(case, "/attributes", Value::Null),
        }));
    }
    let query = case.query(&list_request(case));
    Ok(Some(Lack {
        resource: cluster(case),
        who: format!(
            "none of the {} container instances of cluster `{}` has",
            instances.len(),
            cluster_name(case)
        ),
        evidence: Evidence::new(query, "/containerInstanceArns", instances.len()),
    }))
}

/// The container instances that could take a task for which there was no place yet, judged once a
/// run for all tasks of a kind.
pub(super) fn candidates(case: &Case<'_>) -> Result<Arises<Arc<Judged>>, Missing> {
    let kind = match own_hosts(case)? {
        Ok(kind) => kind,
        Err(why) => return Ok(Err(why)),
    };
    let task = case.task()?;
    if task.is_some_and(|task| task.container_instance_arn.is_some() || task.started_at.is_some()) {
        return Ok(Err("the task was placed on a container instance"));
    }
    if let Target::Service { .. } = case.target()
        && let Some(service) = case.service()?
        && service.running_count.saturating_add(service.pending_count) >= service.desired_count
    {
        return Ok(Err("the service has all the tasks that it wants"));
    }
    let definition = case.definition()?;
    let service = case.service()?;
    let constraints: Vec<_> = definition
        .placement_constraints
        .iter()
        .chain(service.iter().flat_map(|service| &service.placement_constraints))
        .filter(|constraint| constraint.kind.as_deref() == Some("memberOf"))
        .filter_map(|constraint| constraint.expression.clone())
        .take(MOST_CONSTRAINTS)
        .collect();
    let providers = capacity::names(case)?;
    let needs = Needs::of(&definition);
    let external = kind == LaunchType::External;
    let key = format!(
        "judged for {:?} {:?} {external} {providers:?} {} {needs:?} {constraints:?}",
        case.region(),
        case.cluster(),
        definition.task_definition_arn
    );
    let judged = case.derived(&key, || {
        let parsed: Vec<_> = constraints.iter().map(|text| expression::parse(text)).collect();
        let instances = of_kind(case, external)?
            .iter()
            .filter(|instance| {
                providers.is_empty()
                    || instance
                        .capacity_provider_name
                        .as_ref()
                        .is_some_and(|name| providers.contains(name))
            })
            .map(|instance| {
                let (faults, unclear) = judge(instance, &definition, &needs, &parsed);
                Judgement { instance: instance.clone(), faults, unclear }
            })
            .collect();
        Ok(Judged { instances, needs: needs.clone() })
    })?;
    Ok(Ok(judged))
}

/// The same, where there are any.
pub(super) fn some(case: &Case<'_>) -> Result<Arises<Arc<Judged>>, Missing> {
    Ok(candidates(case)?.and_then(|judged| {
        if judged.instances.is_empty() {
            Err("no container instance that could take the task is registered")
        } else {
            Ok(judged)
        }
    }))
}

/// The same, where one of the instances at least is up.
pub(super) fn up(case: &Case<'_>) -> Result<Arises<Arc<Judged>>, Missing> {
    Ok(candidates(case)?.and_then(|judged| {
        if judged.any_up() {
            Ok(judged)
        } else {
            Err("no container instance that could take the task is active and connected")
        }
    }))
}

/// The attributes that the task definition requires and the instance lacks.
pub(super) fn lacking<'d>(
    instance: &ContainerInstance,
    required: &'d [Attribute],
) -> impl Iterator<Item = &'d Attribute> {
    let mut own: Vec<_> = instance.attributes.iter().collect();
    own.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    required.iter().filter(move |wanted| {
        let at = own.binary_search_by(|attribute| attribute.name.cmp(&wanted.name));
        at.map_or(true, |at| wanted.value.is_some() && own[at].value != wanted.value)
    })
}

/// A resource of an instance.
fn find<'i>(resources: &'i [InstanceResource], name: &str) -> Option<&'i InstanceResource> {
    resources.iter().find(|resource| resource.name == name)
}

/// How much of a resource an instance has left.
pub(super) fn left(instance: &ContainerInstance, name: &str) -> Option<i64> {
    find(&instance.remaining_resources, name)?.integer_value
}

/// How much of a resource an instance has in all.
pub(super) fn in_all(instance: &ContainerInstance, name: &str) -> Option<i64> {
    find(&instance.registered_resources, name)?.integer_value
}

/// How many GPUs an instance registered; none where it says nothing of them.
pub(super) fn gpus(instance: &ContainerInstance) -> Option<i64> {
    if instance.registered_resources.is_empty() {
        return None;
    }
    Some(find(&instance.registered_resources, "GPU").map_or(0, |gpus| {
        let ids = i64::try_from(gpus.string_set_value.len()).unwrap_or(i64::MAX);
        ids.max(gpus.integer_value.unwrap_or(0))
    }))
}

/// The ports of an instance that are taken, sorted.
pub(super) fn taken(instance: &ContainerInstance, udp: bool) -> Option<Vec<i64>> {
    let name = if udp { "PORTS_UDP" } else { "PORTS" };
    let ports = &find(&instance.remaining_resources, name)?.string_set_value;
    let mut ports: Vec<_> = ports.iter().filter_map(crate::aws::Text::number).collect();
    ports.sort_unstable();
    Some(ports)
}

fn judge(
    instance: &ContainerInstance,
    definition: &TaskDefinition,
    needs: &Needs,
    constraints: &[Option<expression::Expression>],
) -> (Faults, Faults) {
    let (mut faults, mut unclear) = (Faults::default(), Faults::default());
    let mut note = |fault: Faults, fails: Option<bool>| match fails {
        Some(true) => faults.add(fault),
        Some(false) => {}
        None => unclear.add(fault),
    };
    note(Faults::STATUS, instance.status.as_deref().map(|status| status != "ACTIVE"));
    note(Faults::AGENT, instance.agent_connected.map(|connected| !connected));
    note(
        Faults::ATTRIBUTE,
        // An instance without any attribute is one whose attributes were left out.
        (!instance.attributes.is_empty())
            .then(|| lacking(instance, &definition.requires_attributes).next().is_some()),
    );
    note(Faults::CPU, left(instance, "CPU").map(|left| left < needs.cpu));
    note(Faults::MEMORY, left(instance, "MEMORY").map(|left| left < needs.memory));
    if needs.gpus > 0 {
        note(Faults::GPU, gpus(instance).map(|gpus| gpus < needs.gpus));
    }
    for udp in [false, true] {
        let mut wanted = needs.ports.iter().filter(|port| port.1 == udp).peekable();
        if wanted.peek().is_some() {
            note(
                Faults::PORT,
                taken(instance, udp)
                    .map(|taken| wanted.any(|(port, _)| taken.binary_search(port).is_ok())),
            );
        }
    }
    for constraint in constraints {
        let holds = constraint.as_ref().and_then(|constraint| constraint.holds(instance));
        note(Faults::CONSTRAINT, holds.map(|holds| !holds));
    }
    (faults, unclear)
}

/// What the tests of checks of container instances start from.
#[cfg(test)]
pub(super) mod fixtures {
    use serde_json::{Value, json};

    use crate::checks::testing::{DEFINITION, World};

    pub(in crate::checks) const FIRST: &str = "arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a0000000000000000000000000000a1";
    pub(in crate::checks) const SECOND: &str = "arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0b0000000000000000000000000000b2";
    pub(in crate::checks) const FIRST_EC2: &str = "i-0a000000000000001";
    pub(in crate::checks) const SECOND_EC2: &str = "i-0b000000000000002";
    pub(in crate::checks) const GROUP: &str = "shop-hosts";

    /// What the agent of a current ECS-optimized AMI for Linux offers, as far as tests ask.
    const OFFERED: [&str; 9] = [
        "com.amazonaws.ecs.capability.docker-remote-api.1.19",
        "com.amazonaws.ecs.capability.ecr-auth",
        "com.amazonaws.ecs.capability.logging-driver.awslogs",
        "com.amazonaws.ecs.capability.privileged-container",
        "ecs.capability.execution-role-ecr-pull",
        "ecs.capability.execution-role-awslogs",
        "ecs.capability.secrets.asm.environment-variables",
        "ecs.capability.secrets.ssm.environment-variables",
        "ecs.capability.task-eni",
    ];

    /// One of a cluster's container instances.
    fn instance(at: usize, launch_type: &str, offered: &[&str]) -> Value {
        let resources = |cpu: i64, memory: i64| {
            json!([
                {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
                {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "2376", "51678", "51679"]},
                {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
            ])
        };
        let (arn, ec2) = match at {
            0 => (FIRST.to_owned(), FIRST_EC2.to_owned()),
            1 => (SECOND.to_owned(), SECOND_EC2.to_owned()),
            _ => (FIRST.replace("a1", &format!("{at:04}")), format!("i-{at:017x}")),
        };
        let mut attributes = if launch_type == "EXTERNAL" {
            vec![json!({"name": "ecs.capability.external"})]
        } else {
            let (zone, subnet) = match at {
                0 => ("eu-west-1a", "subnet-0a11111111111111a"),
                _ => ("eu-west-1b", "subnet-0b22222222222222b"),
            };
            vec![
                json!({"name": "ecs.availability-zone", "value": zone}),
                json!({"name": "ecs.subnet-id", "value": subnet}),
                json!({"name": "ecs.vpc-id", "value": "vpc-0d44444444444444d"}),
                json!({"name": "ecs.instance-type", "value": "m5.large"}),
                json!({"name": "ecs.os-type", "value": "linux"}),
                json!({"name": "ecs.cpu-architecture", "value": "x86_64"}),
            ]
        };
        attributes.extend(offered.iter().map(|name| json!({"name": name})));
        json!({
            "containerInstanceArn": arn, "status": "ACTIVE", "agentConnected": true,
            "ec2InstanceId": if launch_type == "EXTERNAL" { ec2.replace("i-", "mi-") } else { ec2 },
            "versionInfo": {"agentVersion": "1.98.0", "dockerVersion": "DockerVersion: 25.0.8"},
            "runningTasksCount": 1, "pendingTasksCount": 0, "registeredAt": "2026-11-01T08:00:00Z",
            "registeredResources": resources(2048, 3885), "remainingResources": resources(1792, 3373),
            "healthStatus": {"overallStatus": "OK", "details": [
                {"type": "CONTAINER_RUNTIME", "status": "OK", "lastStatusChange": "2026-11-01T08:00:00Z"},
            ]},
            "attributes": attributes,
        })
    }

    /// The task runs on the first container instance, whose agent offers this.
    pub(in crate::checks) fn placed<'w>(
        world: &'w mut World,
        launch_type: &str,
        offered: &[&str],
    ) -> &'w mut World {
        not_placed(world, launch_type, &[offered]).task("/containerInstanceArn", json!(FIRST))
    }

    /// The task was not placed; the cluster has container instances whose agents offer this.
    pub(in crate::checks) fn not_placed<'w>(
        world: &'w mut World,
        launch_type: &str,
        offered: &[&[&str]],
    ) -> &'w mut World {
        let instances = offered.iter().enumerate();
        let instances: Vec<_> =
            instances.map(|(at, offered)| instance(at, launch_type, offered)).collect();
        world
            .task("/launchType", json!(launch_type))
            .task("/platformVersion", Value::Null)
            .task("/platformFamily", Value::Null)
            .task("/containerInstanceArn", Value::Null)
            .definition("/requiresCompatibilities", json!([launch_type]))
            .output("containerInstances", json!({"containerInstances": instances, "failures": []}))
    }

    /// Two container instances with room for the task, and a task for them.
    fn on_instances(world: &mut World) -> &mut World {
        let required = [
            "com.amazonaws.ecs.capability.docker-remote-api.1.19",
            "com.amazonaws.ecs.capability.ecr-auth",
            "com.amazonaws.ecs.capability.logging-driver.awslogs",
            "ecs.capability.execution-role-ecr-pull",
            "ecs.capability.secrets.asm.environment-variables",
        ];
        let required: Vec<_> = required.iter().map(|name| json!({"name": name})).collect();
        not_placed(world, "EC2", &[&OFFERED, &OFFERED])
            .output(
                "clusters",
                json!({"clusters": [{
                    "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
                    "clusterName": "shop", "status": "ACTIVE", "capacityProviders": ["hosts"],
                }], "failures": []}),
            )
            .task("/connectivityAt", Value::Null)
            .task("/attachments", json!([]))
            .definition("/compatibilities", json!(["EXTERNAL", "EC2"]))
            .definition("/networkMode", json!("bridge"))
            .definition("/requiresAttributes", json!(required))
            .set("services", "/services/0/launchType", json!("EC2"))
            .set("services", "/services/0/deployments/0/launchType", json!("EC2"))
    }

    /// A task that stopped with `message` before it was placed.
    pub(in crate::checks) fn unplaced<'w>(world: &'w mut World, message: &str) -> &'w mut World {
        on_instances(world).stopped(message)
    }

    /// A task that stopped with `message` on the first instance.
    pub(in crate::checks) fn stopped_on<'w>(world: &'w mut World, message: &str) -> &'w mut World {
        on_instances(world)
            .stopped(message)
            .task("/containerInstanceArn", json!(FIRST))
            .task("/taskDefinitionArn", json!(DEFINITION))
    }

    /// Sets a member of both instances; `null` removes it.
    pub(in crate::checks) fn both<'w>(
        world: &'w mut World,
        pointer: &str,
        value: &Value,
    ) -> &'w mut World {
        for at in 0..2 {
            let pointer = format!("/containerInstances/{at}{pointer}");
            world.set("containerInstances", &pointer, value.clone());
        }
        world
    }

    /// Sets a member of one instance; `null` removes it.
    pub(in crate::checks) fn one<'w>(
        world: &'w mut World,
        at: usize,
        pointer: &str,
        value: Value,
    ) -> &'w mut World {
        world.set("containerInstances", &format!("/containerInstances/{at}{pointer}"), value)
    }

    /// A capacity provider `hosts` with an Auto Scaling group; both instances belong to it.
    pub(in crate::checks) fn with_provider(world: &mut World) -> &mut World {
        let arn = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1f2e3d4c:autoScalingGroupName/shop-hosts";
        let member = |id: &str| json!({"InstanceId": id, "LifecycleState": "InService", "HealthStatus": "Healthy"});
        world
            .output(
                "capacityProviders",
                json!({"capacityProviders": [{
                    "capacityProviderArn": "arn:aws:ecs:eu-west-1:111122223333:capacity-provider/hosts",
                    "name": "hosts", "status": "ACTIVE",
                    "autoScalingGroupProvider": {
                        "autoScalingGroupArn": arn,
                        "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
                    },
                }], "failures": []}),
            )
            .output(
                "AutoScalingGroups",
                json!({"AutoScalingGroups": [{
                    "AutoScalingGroupName": GROUP, "AutoScalingGroupARN": arn,
                    "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 2,
                    "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
                    "Instances": [member(FIRST_EC2), member(SECOND_EC2)], "SuspendedProcesses": [],
                }]}),
            );
        both(world, "/capacityProviderName", &json!("hosts"));
        world.task("/capacityProviderName", json!("hosts"))
    }

    /// A cluster in which no instance is registered.
    pub(in crate::checks) fn without_instances(world: &mut World) -> &mut World {
        world.without("containerInstances").recorded(
            "ecs",
            "ListContainerInstances",
            &json!({"cluster": "shop"}),
            &json!({"containerInstanceArns": []}),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fixtures::{both, one, unplaced};
    use crate::{DataSource, Diagnosis, Step, checks::testing::World};

    /// How often each operation is asked.
    fn asked(world: &World, operation: &str) -> usize {
        let source = world.source();
        let targets = vec![world.target.clone(); 3];
        let mut run = Diagnosis::new().start(targets, source.snapshot.now());
        let mut count = 0;
        loop {
            match run.step() {
                Step::Ask(queries) => {
                    for query in queries {
                        count += usize::from(query.name() == operation);
                        let answer = source.answer(&query);
                        run.answer(query, answer, None);
                    }
                }
                Step::Done(..) => {}
                Step::Finished => return count,
            }
        }
    }

    #[test]
    fn instances_are_listed_once_and_described_a_hundred_at_a_time() {
        let mut world = World::default();
        unplaced(&mut world, "TaskFailedToStart: ATTRIBUTE");
        let model = world.outputs["containerInstances"]["containerInstances"][0].clone();
        for at in 0..248 {
            let mut instance = model.clone();
            instance["containerInstanceArn"] = json!(format!(
                "arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/{at:032x}"
            ));
            instance["ec2InstanceId"] = json!(format!("i-{at:017x}"));
            instance["remainingResources"][0]["integerValue"] = json!(0);
            world.set("containerInstances", "/containerInstances/-", instance);
        }
        both(&mut world, "/remainingResources/0/integerValue", &json!(0));
        assert_eq!(asked(&world, "ecs:ListContainerInstances"), 1);
        assert_eq!(asked(&world, "ecs:DescribeContainerInstances"), 3);
        let findings = world.outcome("ci-resources").findings;
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].summary.starts_with("all 250 container instances have too little left")
        );
        // One that can take the task is enough.
        one(&mut world, 200, "/remainingResources/0/integerValue", json!(1024));
        assert!(world.outcome("ci-resources").findings.is_empty());
    }
}
